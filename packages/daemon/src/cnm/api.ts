/**
 * The CNM API: /cnm/v1.
 */
import type { FastifyPluginAsync } from "fastify";
import { ErrorBody } from "../api/index.ts";
import type { DaemonParts } from "../parts.ts";
import { failureOf } from "../server/failure.ts";
import { readQuery } from "../server/query.ts";
import { statusOf } from "../server/refusal.ts";
import { adoptionRoutes } from "./adoptions.ts";
import { attachmentRoutes } from "./attachments.ts";
import { refuseBodies } from "./bodies.ts";
import { containerRoutes } from "./containers.ts";
import { cnmContext } from "./context.ts";
import { endpointRoutes } from "./endpoints.ts";
import { eventRoutes } from "./events.ts";
import { networkEndpointRoutes } from "./network-endpoints.ts";
import { networkNameRoutes } from "./network-names.ts";
import { networkServiceRoutes } from "./network-services.ts";
import { networkRoutes } from "./networks.ts";
import { openApiRoute } from "./openapi.ts";
import { sandboxNameRoutes } from "./sandbox-names.ts";
import { sandboxRoutes } from "./sandboxes.ts";
import { serviceRoutes } from "./services.ts";
import { statisticsRoutes } from "./statistics.ts";
import { systemRoutes } from "./system.ts";
import { tellUnknownPaths } from "./unknown-paths.ts";

export function cnmApi(parts: DaemonParts): FastifyPluginAsync {
  return async (server) => {
    // Fastify lets these hold for routes that are registered behind them: the routes come last.
    server.setErrorHandler((error, request, reply) => {
      const failure = failureOf(error);
      const { kind, code, message, detail } = failure;
      if (kind === "internal") request.log.error({ operation: request.id, err: error }, "a request failed");
      const body: ErrorBody = { error: { code, kind, message, detail, operation: request.id } };
      return reply.status(statusOf(failure)).send(body);
    });
    server.addHook("onRoute", (route) => {
      const failure = { "4xx": ErrorBody, "5xx": ErrorBody };
      const response = { ...failure, ...(route.schema?.response as object | undefined) };
      route.schema = { tags: ["CNM API"], ...route.schema, response };
    });
    tellUnknownPaths(server);
    refuseBodies(server);
    server.addHook("preValidation", async (request) => readQuery(request));
    const context = cnmContext(parts);
    await server.register(networkRoutes(context));
    await server.register(networkNameRoutes(context));
    await server.register(networkEndpointRoutes(context));
    await server.register(endpointRoutes(context));
    await server.register(networkServiceRoutes(context));
    await server.register(serviceRoutes(context));
    await server.register(sandboxRoutes(context));
    await server.register(sandboxNameRoutes(context));
    await server.register(attachmentRoutes(context));
    await server.register(statisticsRoutes(context));
    await server.register(eventRoutes(context));
    await server.register(systemRoutes(context));
    await server.register(openApiRoute());
    await server.register(containerRoutes(context));
    await server.register(adoptionRoutes(context));
  };
}
