/**
 * /networks: list, inspect, create, delete, prune.
 */
import { forbidden, invalid, type Network, type NetworkController, notFound } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import Type from "typebox";
import type { DaemonParts } from "../parts.ts";
import type { Typed } from "../server/server.ts";
import { NetworkCreateResponse, NetworkResource, NetworksPruned } from "./answers.ts";
import { Filters } from "./filters.ts";
import { bySandbox, findNetwork } from "./find.ts";
import { networkFilter, networkFilters, pruneFilter, pruneFilters } from "./network-filters.ts";
import { networkOptions, scopeOf } from "./network-request.ts";
import { networkResource, networkSummary } from "./network-view.ts";
import { goBoolean } from "./query.ts";
import { FiltersQuery, InspectQuery, NetworkCreateRequest, Reference } from "./schemas.ts";
import { servicesOf } from "./service-view.ts";

export function networkRoutes({ controller, containers, journal }: DaemonParts): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();

    server.get(
      "/networks",
      { schema: { querystring: FiltersQuery, response: { 200: Type.Array(NetworkResource) } } },
      async ({ query }) => {
        const wanted = networkFilter(Filters.parse(query.filters, networkFilters));
        return controller.networks().filter(wanted).map(networkSummary);
      },
    );

    server.get(
      "/networks/:id",
      { schema: { params: Reference, querystring: InspectQuery, response: { 200: NetworkResource } } },
      async ({ params: { id }, query }) => {
        const verbose = goBoolean(query.verbose, "verbose");
        const network = findNetwork(controller, id);
        const scope = query.scope ?? "";
        if (scope !== "" && scope !== network.scope)
          throw notFound("network_not_found", `network ${id} not found`, id);
        const resource = networkResource(network, bySandbox(containers));
        const services = verbose ? servicesOf(network) : undefined;
        return { ...resource, ...(services !== undefined && { Services: services }) };
      },
    );

    server.post(
      "/networks/create",
      { schema: { body: NetworkCreateRequest, response: { 201: NetworkCreateResponse } } },
      async (request, reply) => {
        const { body } = request;
        const name = body.Name ?? "";
        if (name === "") throw invalid("invalid_name", "invalid name: ");
        if (controller.networkByName(name)?.predefined === true) {
          throw forbidden(
            "network_predefined",
            `operation is not permitted on predefined ${name} network `,
            name,
          );
        }
        if (body.Ingress === true && scopeOf(body.Scope).scope !== "global")
          throw forbidden("ingress_is_global", "Ingress network can only be global scope network");
        const network = await controller.newNetwork(body.Driver || "bridge", name, networkOptions(body));
        return reply.status(201).send({ Id: network.id, Warning: "" });
      },
    );

    server.delete("/networks/:id", { schema: { params: Reference } }, async ({ params: { id } }, reply) => {
      await removeNetwork(controller, findNetwork(controller, id));
      return reply.status(204).send();
    });

    server.post(
      "/networks/prune",
      { schema: { querystring: FiltersQuery, response: { 200: NetworksPruned } } },
      async ({ query }) => {
        const isUnused = pruneFilter(Filters.parse(query.filters, pruneFilters));
        const unused = controller.networks().filter(isUnused);
        const deleted: string[] = [];
        // Those that others have their options from are in use until these are gone.
        const order = unused.toSorted((a, b) => Number(a.configOnly) - Number(b.configOnly));
        for (const network of order) if (await isRemoved(network)) deleted.push(network.name);
        journal.add({
          type: "network:prune",
          time: Date.now(),
          subject: { id: "", name: "" },
          attributes: { reclaimed: "0" },
        });
        return { NetworksDeleted: deleted.length > 0 ? deleted : null };
      },
    );
  };
}

/** @throws network_predefined, network_has_endpoints, network_in_use_as_config */
async function removeNetwork(controller: NetworkController, network: Network): Promise<void> {
  const { name } = network;
  if (network.predefined)
    throw forbidden("network_predefined", `${name} is a pre-defined network and cannot be removed`, name);
  const endpoints = network.endpoints();
  if (endpoints.length > 0) {
    const list = endpoints.map((endpoint) => `name:"${endpoint.name}" id:"${endpoint.id.slice(0, 12)}"`);
    const message = `error while removing network: network ${name} has active endpoints (${list.join(", ")})`;
    throw forbidden("network_has_endpoints", message, { endpoints: endpoints.map((one) => one.name) });
  }
  if (network.configOnly && controller.networks().some((other) => other.configFrom === name)) {
    const message = `error while removing network: configuration network "${name}" is in use`;
    throw forbidden("network_in_use_as_config", message, name);
  }
  await network.delete();
}

/** One that somebody has come to use meanwhile stays. */
async function isRemoved(network: Network): Promise<boolean> {
  try {
    await network.delete();
    return true;
  } catch {
    return false;
  }
}
