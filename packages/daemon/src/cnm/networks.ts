/**
 * /cnm/v1/networks
 */
import type { FastifyPluginAsync } from "fastify";
import { Network, NetworkCreate, NetworkPath, NetworkQuery, NoQuery, pageOf } from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";
import { answer, requireMatch } from "./etag.ts";
import { passes } from "./filter.ts";
import { networkNamed } from "./find.ts";
import { networkResource } from "./network-resource.ts";
import { pageOfItems } from "./page.ts";
import { networkSubject } from "./subjects.ts";

export function networkRoutes({ controller, changes, creations }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.get(
      "/networks",
      { schema: { querystring: NetworkQuery, response: { 200: pageOf(Network) } } },
      async ({ query }) => {
        const { driver } = query;
        const networks = controller
          .networks()
          .filter((network) => passes(network, query) && (driver === undefined || network.type === driver));
        return pageOfItems(networks, query, networkResource);
      },
    );
    server.post(
      "/networks",
      { schema: { querystring: NoQuery, body: NetworkCreate, response: { 201: Network } } },
      async (request, reply) => {
        const made = await creations.once(request, async () => {
          requireMatch(request, () => undefined);
          const { name, driver = "bridge", ...options } = request.body;
          return networkResource(await controller.newNetwork(driver, name, options));
        });
        return answer(reply.status(201), made);
      },
    );
    server.get(
      "/networks/:network",
      { schema: { params: NetworkPath, querystring: NoQuery, response: { 200: Network } } },
      async ({ params }, reply) => answer(reply, networkResource(networkNamed(controller, params.network))),
    );
    server.delete(
      "/networks/:network",
      { schema: { params: NetworkPath, querystring: NoQuery } },
      async (request, reply) => {
        const subject = networkSubject(controller, request.params.network);
        await changes.make(request, subject, (network) => network.delete());
        return reply.status(204).send();
      },
    );
  };
}
