/**
 * A body where none is read would be forgotten in silence: it is refused.
 */
import { invalid } from "@causeway/libnetwork";
import type { FastifyInstance } from "fastify";

export function refuseBodies(server: FastifyInstance): void {
  server.addHook("preValidation", async ({ body, method, url, routeOptions }) => {
    if (routeOptions.schema === undefined || routeOptions.schema.body !== undefined || isEmpty(body)) return;
    const [path] = url.split("?", 1);
    throw invalid("unexpected_body", `${method} ${path} takes no body: leave it out`);
  });
}

function isEmpty(body: unknown): boolean {
  if (body === undefined || body === null) return true;
  return typeof body === "object" && !Array.isArray(body) && Object.keys(body).length === 0;
}
