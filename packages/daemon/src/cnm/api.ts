/**
 * The CNM API: /cnm/v1.
 */
import { httpStatus } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import type { ErrorBody } from "../api/index.ts";
import type { DaemonParts } from "../parts.ts";
import { failureOf } from "../server/failure.ts";
import { networkRoutes } from "./networks.ts";

export function cnmApi(parts: DaemonParts): FastifyPluginAsync {
  return async (server) => {
    server.setErrorHandler((error, request, reply) => {
      const { kind, code, message, detail } = failureOf(error);
      const body: ErrorBody = { error: { code, kind, message, detail, operation: request.id } };
      return reply.status(httpStatus(failureOf(error))).send(body);
    });
    await server.register(networkRoutes(parts));
  };
}
