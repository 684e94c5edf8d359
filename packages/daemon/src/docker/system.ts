/**
 * /_ping, /version and /info.
 */
import type { FastifyPluginAsync } from "fastify";
import Type from "typebox";
import type { DaemonParts } from "../parts.ts";
import { SystemInfo, SystemVersion } from "./answers.ts";
import { infoResource, versionResource } from "./system-view.ts";

const uncached = { "Cache-Control": "no-cache, no-store, must-revalidate", Pragma: "no-cache" };

export function systemRoutes(parts: DaemonParts): FastifyPluginAsync {
  return async (server) => {
    server.get("/_ping", { schema: { response: { 200: Type.Literal("OK") } } }, async (_request, reply) =>
      reply.headers(uncached).type("text/plain").send("OK"),
    );
    server.get("/version", { schema: { response: { 200: SystemVersion } } }, async () => versionResource());
    server.get("/info", { schema: { response: { 200: SystemInfo } } }, async () => infoResource(parts));
  };
}
