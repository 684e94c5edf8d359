/**
 * /networks: list, inspect, create, delete, prune.
 */
import {
  forbidden,
  invalid,
  type Network,
  type NetworkController,
  type NetworkOptions,
  notFound,
} from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import Type from "typebox";
import type { DaemonParts } from "../parts.ts";
import type { Typed } from "../server/server.ts";
import { NetworkCreateResponse, NetworkResource, NetworksPruned } from "./answers.ts";
import { Filters } from "./filters.ts";
import { bySandbox, findNetwork } from "./find.ts";
import { momentOf } from "./go-time.ts";
import { networkResource, networkSummary } from "./network-view.ts";
import { goBoolean } from "./query.ts";
import { FiltersQuery, InspectQuery, NetworkCreateRequest, Reference } from "./schemas.ts";

const listFilters = ["dangling", "driver", "id", "label", "name", "scope", "type", "idOrName"];
const pruneFilters = ["until", "label", "label!"];

export function networkRoutes({ controller, containers, journal }: DaemonParts): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();

    server.get(
      "/networks",
      { schema: { querystring: FiltersQuery, response: { 200: Type.Array(NetworkResource) } } },
      async ({ query }) => {
        const filters = Filters.parse(query.filters, listFilters);
        const wanted = networkFilter(filters);
        return controller.networks().filter(wanted).map(networkSummary);
      },
    );

    server.get(
      "/networks/:id",
      { schema: { params: Reference, querystring: InspectQuery, response: { 200: NetworkResource } } },
      async ({ params: { id }, query }) => {
        goBoolean(query.verbose, "verbose");
        const network = findNetwork(controller, id);
        const scope = query.scope ?? "";
        if (scope !== "" && scope !== network.scope)
          throw notFound("network_not_found", `network ${id} not found`, id);
        return networkResource(network, bySandbox(containers));
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
        const filters = Filters.parse(query.filters, pruneFilters);
        const [until, ...more] = filters.values("until").map(momentOf);
        if (more.length > 0) throw invalid("invalid_filter", "more than one until filter specified");
        const unused = controller.networks().filter((network) => {
          const { predefined, created, labels } = network;
          if (predefined || network.endpoints().length > 0) return false;
          if (until !== undefined && created.getTime() > until) return false;
          const excluded = filters.has("label!") && filters.hasLabels("label!", labels);
          return filters.hasLabels("label", labels) && !excluded;
        });
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

/** @throws invalid_filter */
function networkFilter(filters: Filters): (network: Network) => boolean {
  const dangling = filters.boolean("dangling");
  const types = filters.values("type");
  for (const type of types) {
    if (type === "custom" || type === "builtin") continue;
    throw invalid("invalid_filter", `invalid filter: 'type'='${type}'`, type);
  }
  return (network) => {
    const { id, name, labels, predefined } = network;
    const { Driver, Scope } = networkSummary(network);
    return (
      filters.isExactly("driver", Driver) &&
      filters.matches("name", name) &&
      filters.matches("id", id) &&
      filters.hasLabels("label", labels) &&
      filters.isExactly("scope", Scope) &&
      filters.isExactly("type", predefined ? "builtin" : "custom") &&
      (!filters.has("idOrName") || filters.isExactly("idOrName", name) || filters.begins("idOrName", id)) &&
      (dangling === undefined || dangling === (!predefined && network.endpoints().length === 0))
    );
  };
}

function networkOptions(body: NetworkCreateRequest): NetworkOptions {
  const { ConfigFrom, IPAM = {} } = body;
  const config = (IPAM.Config ?? []).map(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => ({
    ...(filled(Subnet) && { subnet: Subnet }),
    ...(filled(IPRange) && { ipRange: IPRange }),
    ...(filled(Gateway) && { gateway: Gateway }),
    ...(AuxiliaryAddresses !== undefined && { auxiliaryAddresses: AuxiliaryAddresses }),
  }));
  const ipam = {
    // Docker's clients call the one that is taken anyway by its name.
    driver: IPAM.Driver || "default",
    options: IPAM.Options ?? {},
    config: config.filter((entry) => Object.keys(entry).length > 0),
  };
  const common = {
    attachable: body.Attachable ?? false,
    ingress: body.Ingress ?? false,
    labels: body.Labels ?? {},
    ...scopeOf(body.Scope),
  };
  // With a configuration from elsewhere, its fields are left out: Docker's clients send them empty.
  if (filled(ConfigFrom?.Network)) {
    return {
      ...common,
      configFrom: ConfigFrom.Network,
      ...(config.length > 0 && { ipam }),
      ...(body.Internal === true && { internal: true }),
      ...(body.EnableIPv6 === true && { ipv6: true }),
      ...(body.ConfigOnly === true && { configOnly: true }),
      ...(Object.keys(body.Options ?? {}).length > 0 && { driverOptions: body.Options ?? {} }),
    };
  }
  return {
    ...common,
    ipam,
    ipv4: body.EnableIPv4 ?? true,
    ...(body.EnableIPv6 !== undefined && { ipv6: body.EnableIPv6 }),
    internal: body.Internal ?? false,
    configOnly: body.ConfigOnly ?? false,
    driverOptions: body.Options ?? {},
  };
}

/** @throws invalid_option */
function scopeOf(scope: string | undefined): { readonly scope?: "local" | "global" } {
  if (!filled(scope)) return {};
  if (scope === "local") return { scope };
  if (scope === "swarm" || scope === "global") return { scope: "global" };
  throw invalid("invalid_option", `invalid scope "${scope}": there are local and swarm`, scope);
}

function filled(text: string | undefined): text is string {
  return text !== undefined && text !== "";
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
