/**
 * /cnm/v1/openapi.json: the document of both APIs.
 */
import type { FastifyPluginAsync } from "fastify";
import { openApiDocument } from "../server/openapi.ts";

export function openApiRoute(): FastifyPluginAsync {
  return async (server) => {
    let document: string | undefined;
    server.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) => {
      // Made when it is first asked for: by then every route is known.
      document ??= JSON.stringify(openApiDocument(server));
      return reply.type("application/json").send(document);
    });
  };
}
