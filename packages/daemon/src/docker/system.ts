/**
 * /_ping, /version and /info.
 */
import type { FastifyPluginAsync } from "fastify";
import type { DaemonParts } from "../parts.ts";
import { infoResource, versionResource } from "./system-view.ts";

const uncached = { "Cache-Control": "no-cache, no-store, must-revalidate", Pragma: "no-cache" };

export function systemRoutes(parts: DaemonParts): FastifyPluginAsync {
  return async (server) => {
    server.get("/_ping", async (_request, reply) => reply.headers(uncached).type("text/plain").send("OK"));
    server.get("/version", async () => versionResource());
    server.get("/info", async () => infoResource(parts));
  };
}
