/**
 * /cnm/v1/networks/{network}/endpoints
 */
import type { FastifyPluginAsync } from "fastify";
import {
  Endpoint,
  EndpointCreate,
  EndpointDeleteQuery,
  NetworkEndpointPath,
  NetworkEndpointQuery,
  NetworkPath,
  NoQuery,
  pageOf,
} from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";
import { endpointResource } from "./endpoint-resource.ts";
import { answer } from "./etag.ts";
import { passes } from "./filter.ts";
import { endpointNamed, networkNamed } from "./find.ts";
import { endpointPages } from "./page.ts";
import { endpointSubject, networkSubject } from "./subjects.ts";

export function networkEndpointRoutes({ controller, changes, creations }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.get(
      "/networks/:network/endpoints",
      {
        schema: {
          params: NetworkPath,
          querystring: NetworkEndpointQuery,
          response: { 200: pageOf(Endpoint) },
        },
      },
      async ({ params, query }) => {
        const endpoints = networkNamed(controller, params.network).endpoints();
        return endpointPages(
          endpoints.filter((endpoint) => passes(endpoint, query)),
          query,
        );
      },
    );
    server.post(
      "/networks/:network/endpoints",
      {
        schema: {
          params: NetworkPath,
          querystring: NoQuery,
          body: EndpointCreate,
          response: { 201: Endpoint },
        },
      },
      async (request, reply) => {
        const { name, ...options } = request.body;
        const subject = networkSubject(controller, request.params.network);
        const made = await creations.once(request, () =>
          changes.make(request, subject, async (network) =>
            endpointResource(await network.createEndpoint(name, options)),
          ),
        );
        return answer(reply.status(201), made);
      },
    );
    server.get(
      "/networks/:network/endpoints/:endpoint",
      { schema: { params: NetworkEndpointPath, querystring: NoQuery, response: { 200: Endpoint } } },
      async ({ params }, reply) =>
        answer(
          reply,
          await endpointResource(endpointNamed(networkNamed(controller, params.network), params.endpoint)),
        ),
    );
    server.delete(
      "/networks/:network/endpoints/:endpoint",
      { schema: { params: NetworkEndpointPath, querystring: EndpointDeleteQuery } },
      async (request, reply) => {
        const { network, endpoint } = request.params;
        const subject = endpointSubject(controller, endpoint, network);
        await changes.make(request, subject, (found) => found.delete(request.query));
        return reply.status(204).send();
      },
    );
  };
}
