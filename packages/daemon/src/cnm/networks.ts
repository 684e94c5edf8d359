/**
 * /cnm/v1/networks
 */
import type { Network as NetworkHandle } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import { Network, NetworkCreate, PageQuery, pageOf } from "../api/index.ts";
import type { DaemonParts } from "../parts.ts";
import type { Typed } from "../server/server.ts";

export function networkRoutes({ controller }: DaemonParts): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.get(
      "/networks",
      { schema: { querystring: PageQuery, response: { 200: pageOf(Network) } } },
      async () => ({
        items: controller.networks().map(networkResource),
      }),
    );
    server.post(
      "/networks",
      { schema: { body: NetworkCreate, response: { 201: Network } } },
      async (request, reply) => {
        const { name, driver = "bridge", ...options } = request.body;
        const network = await controller.newNetwork(driver, name, options);
        return reply.status(201).send(networkResource(network));
      },
    );
  };
}

export function networkResource(network: NetworkHandle): Network {
  const status = new Map(network.ipamStatus().map((pool) => [pool.pool, pool]));
  const { configFrom } = network;
  return {
    id: network.id,
    name: network.name,
    driver: network.type,
    scope: network.scope,
    created: network.created.toISOString(),
    ipv4: network.ipv4Enabled,
    ipv6: network.ipv6Enabled,
    internal: network.internal,
    attachable: network.attachable,
    ingress: network.ingress,
    dynamic: network.dynamic,
    predefined: network.predefined,
    configOnly: network.configOnly,
    ...(configFrom !== undefined && { configFrom }),
    ipamDriver: network.ipamDriver,
    pools: network.ipamInfo
      .filter(({ pool }) => pool !== "")
      .map(({ pool, gateway, auxiliaryAddresses }) => {
        const counted = status.get(pool);
        return {
          subnet: pool,
          ...(gateway !== undefined && { gateway }),
          auxiliaryAddresses,
          ...(counted !== undefined && { size: String(counted.size), used: String(counted.used) }),
        };
      }),
    labels: network.labels,
    driverOptions: network.driverOptions,
    endpoints: network.endpoints().length,
  };
}
