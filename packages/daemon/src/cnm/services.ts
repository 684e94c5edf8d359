/**
 * /cnm/v1/services: those of every network, by id.
 */
import type { FastifyPluginAsync } from "fastify";
import { NoQuery, pageOf, Service, ServicePath, ServiceQuery } from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";
import { answer } from "./etag.ts";
import { passes } from "./filter.ts";
import { allServices, networkNamed, serviceWithId } from "./find.ts";
import { pageOfItems } from "./page.ts";
import { serviceResource } from "./service-resource.ts";
import { serviceSubject } from "./subjects.ts";

export function serviceRoutes({ controller, changes }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const one = { params: ServicePath, querystring: NoQuery };
    server.get(
      "/services",
      { schema: { querystring: ServiceQuery, response: { 200: pageOf(Service) } } },
      async ({ query }) => {
        const { network } = query;
        const all =
          network === undefined ? allServices(controller) : networkNamed(controller, network).services();
        return pageOfItems(
          all.filter((service) => passes(service, query)),
          query,
          serviceResource,
        );
      },
    );
    server.get(
      "/services/:service",
      { schema: { ...one, response: { 200: Service } } },
      async ({ params }, reply) => answer(reply, serviceResource(serviceWithId(controller, params.service))),
    );
    server.delete("/services/:service", { schema: one }, async (request, reply) => {
      const subject = serviceSubject(controller, request.params.service);
      await changes.make(request, subject, (service) => service.delete());
      return reply.status(204).send();
    });
  };
}
