/**
 * A network as the CNM API shows it.
 */
import type { Network as NetworkHandle } from "@causeway/libnetwork";
import type { Network } from "../api/index.ts";

export function networkResource(network: NetworkHandle): Network {
  const status = new Map(network.ipamStatus().map((pool) => [pool.pool, pool]));
  const { configFrom, record } = network;
  const { dns, dnsTtl } = record.options;
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
    dns: [...dns],
    ...(dnsTtl !== undefined && { dnsTtl }),
    labels: network.labels,
    driverOptions: network.driverOptions,
    records: record.names?.length ?? 0,
    services: network.services().length,
    endpoints: network.endpoints().length,
  };
}
