/**
 * /cnm/v1/networks/{network}/services
 */
import type { FastifyPluginAsync } from "fastify";
import {
  NetworkPath,
  NetworkServicePath,
  NetworkServiceQuery,
  NoQuery,
  pageOf,
  Service,
  ServiceCreate,
} from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";
import { answer } from "./etag.ts";
import { passes } from "./filter.ts";
import { networkNamed, serviceNamed } from "./find.ts";
import { pageOfItems } from "./page.ts";
import { serviceResource } from "./service-resource.ts";
import { networkSubject, serviceSubject } from "./subjects.ts";

export function networkServiceRoutes({ controller, changes, creations }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const one = { params: NetworkServicePath, querystring: NoQuery };
    server.get(
      "/networks/:network/services",
      {
        schema: {
          params: NetworkPath,
          querystring: NetworkServiceQuery,
          response: { 200: pageOf(Service) },
        },
      },
      async ({ params, query }) => {
        const services = networkNamed(controller, params.network).services();
        return pageOfItems(
          services.filter((service) => passes(service, query)),
          query,
          serviceResource,
        );
      },
    );
    server.post(
      "/networks/:network/services",
      {
        schema: {
          params: NetworkPath,
          querystring: NoQuery,
          body: ServiceCreate,
          response: { 201: Service },
        },
      },
      async (request, reply) => {
        const { name, ...options } = request.body;
        const subject = networkSubject(controller, request.params.network);
        const made = await creations.once(request, () =>
          changes.make(request, subject, async (network) =>
            serviceResource(await network.createService(name, options)),
          ),
        );
        return answer(reply.status(201), made);
      },
    );
    server.get(
      "/networks/:network/services/:service",
      { schema: { ...one, response: { 200: Service } } },
      async ({ params }, reply) =>
        answer(
          reply,
          serviceResource(serviceNamed(networkNamed(controller, params.network), params.service)),
        ),
    );
    server.delete("/networks/:network/services/:service", { schema: one }, async (request, reply) => {
      const { network, service } = request.params;
      await changes.make(request, serviceSubject(controller, service, network), (found) => found.delete());
      return reply.status(204).send();
    });
  };
}
