/**
 * /containers: list and inspect.
 */
import type { FastifyPluginAsync } from "fastify";
import Type from "typebox";
import type { DaemonParts } from "../parts.ts";
import type { Typed } from "../server/server.ts";
import { ContainerInspect, ContainerSummary } from "./answers.ts";
import { containerFilter, containerFilters } from "./container-filters.ts";
import { containerResource, containerSummary } from "./container-view.ts";
import { Filters } from "./filters.ts";
import { findContainer } from "./find.ts";
import { goInteger, looseBoolean } from "./query.ts";
import { ContainerQuery, ContainersQuery, Reference } from "./schemas.ts";

export function containerRoutes({ containers }: DaemonParts): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();

    server.get(
      "/containers/json",
      { schema: { querystring: ContainersQuery, response: { 200: Type.Array(ContainerSummary) } } },
      async ({ query }) => {
        const filters = Filters.parse(query.filters, containerFilters);
        const limit = goInteger(query.limit) ?? 0;
        // The last few are the last few of all, as Docker has it.
        const wanted = containerFilter(filters, containers, looseBoolean(query.all) || limit > 0);
        const found = containers
          .list()
          .filter(wanted)
          .toSorted((a, b) => b.created.getTime() - a.created.getTime());
        const shown = limit > 0 ? found.slice(0, limit) : found;
        return shown.map((container) => containerSummary(container, looseBoolean(query.size)));
      },
    );

    server.get(
      "/containers/:id/json",
      { schema: { params: Reference, querystring: ContainerQuery, response: { 200: ContainerInspect } } },
      async ({ params: { id }, query }) =>
        containerResource(findContainer(containers, id), looseBoolean(query.size)),
    );
  };
}
