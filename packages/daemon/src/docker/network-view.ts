/**
 * A network as Docker shows it.
 */
import { bridgeOptionLabels, type Endpoint, type Network } from "@causeway/libnetwork";
import type { ContainerInfo } from "../containers/contract.ts";
import type { NetworkResource } from "./answers.ts";

/** Of a list: nobody is told of. */
export function networkSummary(network: Network): NetworkResource {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created.toISOString(),
    Scope: network.scope,
    Driver: network.configOnly ? "null" : network.type,
    EnableIPv4: network.ipv4Enabled,
    EnableIPv6: network.ipv6Enabled,
    IPAM: {
      Driver: network.ipamDriver,
      Options: network.predefined ? null : network.record.options.ipamOptions,
      Config: ipamConfig(network),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: network.ingress,
    ConfigFrom: { Network: network.configFrom ?? "" },
    ConfigOnly: network.configOnly,
    Containers: {},
    Options: driverOptions(network),
    Labels: network.labels,
  };
}

/** @param containers by the id of their sandbox */
export function networkResource(
  network: Network,
  containers: ReadonlyMap<string, ContainerInfo>,
): NetworkResource {
  const attached = network.endpoints().map((endpoint) => {
    const container = containers.get(endpoint.sandbox?.id ?? "");
    const key = container?.id ?? `ep-${endpoint.id}`;
    return [key, attachment(endpoint, container?.name ?? endpoint.name)];
  });
  return { ...networkSummary(network), Containers: Object.fromEntries(attached) };
}

function attachment({ id, mac, ipv4, ipv6 }: Endpoint, name: string): NetworkResource["Containers"][string] {
  return {
    Name: name,
    EndpointID: id,
    MacAddress: mac,
    IPv4Address: ipv4 ?? "",
    IPv6Address: ipv6 ?? "",
  };
}

/** What was asked for where subnets were given; otherwise what the IPAM chose, of each family. */
function ipamConfig(network: Network): NetworkResource["IPAM"]["Config"] {
  const given = network.ipamConfig.filter(({ subnet }) => subnet !== undefined);
  const isV6 = (subnet: string | undefined) => subnet?.includes(":") === true;
  return [false, true].flatMap((v6) => {
    const asked = given.filter(({ subnet }) => isV6(subnet) === v6);
    if (asked.length > 0) {
      return asked.map(({ subnet, ipRange, gateway, auxiliaryAddresses: named }) => ({
        ...(subnet !== undefined && { Subnet: subnet }),
        ...(ipRange !== undefined && { IPRange: ipRange }),
        ...(gateway !== undefined && { Gateway: gateway }),
        ...(named !== undefined && Object.keys(named).length > 0 && { AuxiliaryAddresses: named }),
      }));
    }
    return network.ipamInfo
      .filter(({ pool }) => pool !== "" && isV6(pool) === v6)
      .map(({ pool, gateway }) => ({
        Subnet: pool,
        ...(gateway !== undefined && { Gateway: gateway.split("/")[0] }),
      }));
  });
}

/** By the names that Docker's users know. A plugin's are its own. */
function driverOptions({ type, driverOptions: options }: Network): Readonly<Record<string, string>> {
  const entries = Object.entries(options).map(([name, value]) => [
    (type === "bridge" ? bridgeOptionLabels[name] : undefined) ?? name,
    typeof value === "string" ? value : Array.isArray(value) ? value.join(":") : String(value),
  ]);
  return Object.fromEntries(entries);
}
