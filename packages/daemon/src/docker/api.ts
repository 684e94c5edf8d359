/**
 * Docker's Engine API: /v1.24 to /v1.51, and without a version.
 */
// `tags` and `hide` of schemas are its.

import { invalid } from "@causeway/libnetwork";
import type {} from "@fastify/swagger";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { DaemonParts } from "../parts.ts";
import { serverVersion } from "../server/version.ts";
import { connectionRoutes } from "./connections.ts";
import { containerRoutes } from "./containers.ts";
import { eventRoutes } from "./events.ts";
import { dockerFailure, wrongContentType } from "./failures.ts";
import { type GoSchema, readGoJson } from "./go-json.ts";
import { networkRoutes } from "./networks.ts";
import { otherRoutes } from "./not-ours.ts";
import { Message } from "./schemas.ts";
import { systemRoutes } from "./system.ts";
import { checkVersion, newest } from "./versions.ts";

const headers = {
  "Api-Version": newest,
  "Docker-Experimental": "false",
  Ostype: "linux",
  Server: `Causeway/${serverVersion} (linux)`,
};

export function dockerApi(parts: DaemonParts): FastifyPluginAsync {
  return async (server) => {
    server.setErrorHandler((error, request, reply) => {
      const { status, message } = dockerFailure(error, request.headers["content-type"] ?? "");
      return reply.status(status).send({ message });
    });
    server.setNotFoundHandler((_request, reply) => reply.status(404).send({ message: "page not found" }));
    server.addHook("onRequest", async (_request, reply) => {
      reply.headers(headers);
    });
    // Docker's client takes an error for one only where its type is this, to the letter.
    server.addHook("onSend", async (_request, reply) => {
      const isJson = String(reply.getHeader("content-type")).startsWith("application/json");
      if (isJson) reply.header("content-type", "application/json");
    });
    readAsGo(server);
    // What an answer holds is Docker's affair and varies by what there is: it is sent as it was made.
    server.setSerializerCompiler(() => (data) => JSON.stringify(data));
    await server.register(routes(parts));
    await server.register(versioned(parts), { prefix: "/v:version(^\\d+\\.\\d+$)" });
  };
}

/** The same once more: in the OpenAPI document they stand once. */
function versioned(parts: DaemonParts): FastifyPluginAsync {
  return async (server) => {
    server.addHook("onRoute", (route) => {
      route.schema = { ...route.schema, hide: true };
    });
    server.addHook("onRequest", async ({ params }) => {
      const { version } = params as { readonly version: string };
      checkVersion(version);
    });
    await server.register(routes(parts));
  };
}

function routes(parts: DaemonParts): FastifyPluginAsync {
  return async (server) => {
    server.addHook("onRoute", (route) => {
      const failure = { "4xx": Message, "5xx": Message };
      const { response, ...schema } = route.schema ?? {};
      const answers = typeof response === "object" && response !== null ? response : {};
      route.schema = { tags: ["Docker Engine API"], ...schema, response: { ...answers, ...failure } };
    });
    await server.register(systemRoutes(parts));
    await server.register(eventRoutes(parts));
    await server.register(networkRoutes(parts));
    await server.register(connectionRoutes(parts));
    await server.register(containerRoutes(parts));
    await server.register(otherRoutes());
  };
}

/** Bodies are read as Go reads them, and queries and paths are texts: of several values of a name the first. */
function readAsGo(server: FastifyInstance): void {
  server.addHook("preValidation", async ({ routeOptions, headers: given, body }) => {
    if (routeOptions.schema?.body === undefined) return;
    const [type = ""] = given["content-type"]?.split(";") ?? [];
    const isAbsent = body === undefined;
    if (type.trim() !== "application/json" && !(type === "" && isAbsent)) throw wrongContentType(type);
    if (isAbsent) throw invalid("invalid_request", "got EOF while reading request body");
  });
  server.setValidatorCompiler<GoSchema>(({ schema, httpPart }) => {
    if (httpPart === "body") return attempt((body) => readGoJson(schema, body));
    return (given: Readonly<Record<string, unknown>>) => {
      const entries = Object.entries(given).map(([name, value]) => [
        name,
        Array.isArray(value) ? value[0] : value,
      ]);
      return { value: Object.fromEntries(entries) };
    };
  });
}

function attempt(read: (given: unknown) => unknown) {
  return (given: unknown) => {
    try {
      return { value: read(given) };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
}
