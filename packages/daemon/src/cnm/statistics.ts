/**
 * Counters of sandboxes' interfaces.
 */
import { setImmediate } from "node:timers/promises";
import { CausewayError, type Sandbox } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import { NoQuery, PageQuery, pageOf, SandboxPath, SandboxStatistics } from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";
import { sandboxNamed } from "./find.ts";
import { pageOfItems } from "./page.ts";
import { statisticsOf } from "./sandbox-resource.ts";

/** After so many namespaces others get their turn: each takes the event loop for a while. */
const batch = 16;

export function statisticsRoutes(context: CnmContext): FastifyPluginAsync {
  const { controller } = context;
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.get(
      "/sandboxes/:sandbox/statistics",
      { schema: { params: SandboxPath, querystring: NoQuery, response: { 200: SandboxStatistics } } },
      async ({ params }) => statisticsOf(sandboxNamed(context, params.sandbox)),
    );
    server.get(
      "/statistics",
      { schema: { querystring: PageQuery, response: { 200: pageOf(SandboxStatistics) } } },
      async ({ query }) => {
        // Those of containers in the host's network, and those that share another's, are not their own.
        const own = controller
          .sandboxes()
          .filter(({ usesHostNetwork, sharedWith }) => !usesHostNetwork && sharedWith === undefined);
        const { items, next } = pageOfItems(own, query, (sandbox) => sandbox);
        const read: SandboxStatistics[] = [];
        for (const [at, sandbox] of items.entries()) {
          if (at % batch === batch - 1) await setImmediate();
          read.push(...readable(sandbox));
        }
        return { items: read, ...(next !== undefined && { next }) };
      },
    );
  };
}

/** Nothing of a sandbox that is lost, without a namespace yet, or deleted meanwhile. */
function readable(sandbox: Sandbox): SandboxStatistics[] {
  try {
    return [statisticsOf(sandbox)];
  } catch (error) {
    if (error instanceof CausewayError && error.kind !== "unavailable") return [];
    throw error;
  }
}
