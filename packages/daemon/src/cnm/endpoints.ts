/**
 * /cnm/v1/endpoints: those of every network, by id, and what is done with them.
 */
import { conflict } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import {
  Bindings,
  Endpoint,
  EndpointDeleteQuery,
  EndpointHealth,
  EndpointNames,
  EndpointPath,
  EndpointQuery,
  Join,
  NoQuery,
  Publish,
  pageOf,
  Unpublish,
} from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";
import { endpointResource } from "./endpoint-resource.ts";
import { answer } from "./etag.ts";
import { passes } from "./filter.ts";
import { allEndpoints, endpointWithId, networkNamed, sandboxNamed } from "./find.ts";
import { endpointPages } from "./page.ts";
import { endpointSubject } from "./subjects.ts";

export function endpointRoutes(context: CnmContext): FastifyPluginAsync {
  const { controller, changes } = context;
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const change = { params: EndpointPath, querystring: NoQuery };
    server.get(
      "/endpoints",
      { schema: { querystring: EndpointQuery, response: { 200: pageOf(Endpoint) } } },
      async ({ query }) => {
        const { network, sandbox } = query;
        const all =
          network === undefined ? allEndpoints(controller) : networkNamed(controller, network).endpoints();
        const inside = sandbox === undefined ? undefined : sandboxNamed(context, sandbox);
        const endpoints = all.filter(
          (endpoint) =>
            passes(endpoint, query) && (inside === undefined || endpoint.sandbox?.id === inside.id),
        );
        return endpointPages(endpoints, query);
      },
    );
    server.get(
      "/endpoints/:endpoint",
      { schema: { ...change, response: { 200: Endpoint } } },
      async ({ params }, reply) =>
        answer(reply, await endpointResource(endpointWithId(controller, params.endpoint))),
    );
    server.delete(
      "/endpoints/:endpoint",
      { schema: { ...change, querystring: EndpointDeleteQuery } },
      async (request, reply) => {
        const subject = endpointSubject(controller, request.params.endpoint);
        await changes.make(request, subject, (endpoint) => endpoint.delete(request.query));
        return reply.status(204).send();
      },
    );
    server.post(
      "/endpoints/:endpoint/join",
      { schema: { ...change, body: Join, response: { 200: Endpoint } } },
      async (request, reply) => {
        const subject = endpointSubject(controller, request.params.endpoint);
        const into = () => sandboxNamed(context, request.body.sandbox);
        const keys: typeof subject.keys = (endpoint) => [...subject.keys(endpoint), into().id];
        const joined = await changes.make(request, { ...subject, keys }, async (endpoint) => {
          await endpoint.join(into());
          return endpointResource(endpoint);
        });
        return answer(reply, joined);
      },
    );
    server.post(
      "/endpoints/:endpoint/leave",
      { schema: { ...change, response: { 200: Endpoint } } },
      async (request, reply) => {
        const subject = endpointSubject(controller, request.params.endpoint);
        const left = await changes.make(request, subject, async (endpoint) => {
          const { sandbox, name } = endpoint;
          if (sandbox === undefined)
            throw conflict("endpoint_not_joined", `endpoint "${name}" is in no sandbox`);
          await endpoint.leave(sandbox);
          return endpointResource(endpoint);
        });
        return answer(reply, left);
      },
    );
    server.post(
      "/endpoints/:endpoint/names",
      { schema: { ...change, body: EndpointNames, response: { 200: Endpoint } } },
      async (request, reply) => {
        const subject = endpointSubject(controller, request.params.endpoint);
        const renamed = await changes.make(request, subject, async (endpoint) => {
          await endpoint.updateNames(request.body);
          return endpointResource(endpoint);
        });
        return answer(reply, renamed);
      },
    );
    server.post(
      "/endpoints/:endpoint/health",
      { schema: { ...change, body: EndpointHealth, response: { 200: Endpoint } } },
      async (request, reply) => {
        const subject = endpointSubject(controller, request.params.endpoint);
        const changed = await changes.make(request, subject, async (endpoint) => {
          await endpoint.setHealthy(request.body.healthy);
          return endpointResource(endpoint);
        });
        return answer(reply, changed);
      },
    );
    server.post(
      "/endpoints/:endpoint/publish",
      { schema: { ...change, body: Publish, response: { 200: Bindings } } },
      async (request) => {
        const subject = endpointSubject(controller, request.params.endpoint);
        return changes.make(request, subject, async (endpoint) => ({
          bindings: [...(await endpoint.publish(request.body.ports))],
        }));
      },
    );
    server.post(
      "/endpoints/:endpoint/unpublish",
      { schema: { ...change, body: Unpublish, response: { 200: Bindings } } },
      async (request) => {
        const subject = endpointSubject(controller, request.params.endpoint);
        return changes.make(request, subject, async (endpoint) => ({
          bindings: [...(await endpoint.unpublish(request.body.bindings))],
        }));
      },
    );
  };
}
