/**
 * Paths that are none (404), and methods that a path does not have (405, Allow).
 */
import { notFound } from "@causeway/libnetwork";
import type { FastifyInstance } from "fastify";
import { Refusal } from "../server/refusal.ts";

interface Known {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** To be called before any route is registered. */
export function tellUnknownPaths(server: FastifyInstance): void {
  const known = new Map<string, Known>();
  server.addHook("onRoute", ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll(".", "\\.").replaceAll(/:[a-zA-Z]+/g, "[^/]+")}/?$`);
    const entry = known.get(url) ?? { pattern, methods: new Set() };
    known.set(url, entry);
    for (const one of [method].flat()) entry.methods.add(one);
  });
  server.setNotFoundHandler(async ({ method, url }, reply) => {
    const [path = ""] = url.split("?", 1);
    const methods = [...known.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap((route) => [...route.methods]);
    if (methods.length === 0)
      throw notFound(
        "unknown_path",
        `there is nothing at ${path}: /cnm/v1/openapi.json tells what there is`,
        path,
      );
    const allowed = [...new Set(methods)].sort().join(", ");
    void reply.header("allow", allowed);
    throw new Refusal(
      405,
      "invalid",
      "method_not_allowed",
      `${method} is not for ${path}: it takes ${allowed}`,
    );
  });
}
