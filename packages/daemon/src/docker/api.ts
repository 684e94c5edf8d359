/**
 * Docker's Engine API: /v1.24 to /v1.51, and without a version.
 */
import { httpStatus } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import type { DaemonParts } from "../parts.ts";
import { failureOf } from "../server/failure.ts";

export function dockerApi(_parts: DaemonParts): FastifyPluginAsync {
  return async (server) => {
    server.setErrorHandler((error, _request, reply) => {
      const failure = failureOf(error);
      return reply.status(httpStatus(failure)).send({ message: failure.message });
    });
    server.get("/_ping", async (_request, reply) => reply.type("text/plain").send("OK"));
  };
}
