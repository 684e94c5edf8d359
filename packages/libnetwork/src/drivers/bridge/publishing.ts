/**
 * Which ports take a port of the host, and which are opened at the endpoint's own address (gateway mode `routed`). Pure.
 */
import { familyOf } from "../../address/ip.ts";
import type { PortBinding, PortMapping } from "../../contracts/driver.ts";
import type { ContainerAddresses } from "../../contracts/ports.ts";
import { invalid } from "../../errors.ts";

export interface PublishingPlan {
  /** Ports of routed families: nothing of the host's is taken. */
  readonly opened: readonly PortBinding[];
  /** What takes ports of the host, and the addresses that those lead to. */
  readonly mapped: readonly PortMapping[];
  readonly container: ContainerAddresses;
}

interface NetworkChoices {
  readonly routed: ReadonlySet<4 | 6>;
  /** Where ports are published that name no host address. */
  readonly defaultHostAddress: string | undefined;
}

/**
 * A host address chooses the family, in routed networks too. A loopback address is meant for the host alone: it opens nothing.
 *
 * @param endpoint its addresses, without prefix length
 * @throws publish_loopback_routed
 */
export function planPublishing(
  wanted: readonly PortMapping[],
  endpoint: ContainerAddresses,
  { routed, defaultHostAddress }: NetworkChoices,
): PublishingPlan {
  const addresses = new Map<4 | 6, string>();
  if (endpoint.ipv4 !== undefined) addresses.set(4, endpoint.ipv4);
  if (endpoint.ipv6 !== undefined) addresses.set(6, endpoint.ipv6);
  const natted = new Map([...addresses].filter(([family]) => !routed.has(family)));
  const opened = new Map<string, PortBinding>();
  const mapped: PortMapping[] = [];
  for (const mapping of wanted) {
    const { protocol, containerPort, hostAddress: host = defaultHostAddress } = mapping;
    const meant = [...addresses].filter(([family]) => host === undefined || familyOf(host) === family);
    const direct = meant.filter(([family]) => routed.has(family));
    if (host !== undefined && isLoopback(host)) {
      // A relay serves [::1], and reaches the endpoint in either family.
      if (direct.length > 0 && (familyOf(host) === 4 || natted.size === 0))
        throw loopbackRouted(host, mapping);
      mapped.push(mapping);
      continue;
    }
    // What leads nowhere is refused, in words, where host ports are taken.
    if (direct.length === 0 || direct.length < meant.length) mapped.push(mapping);
    for (const [, address] of direct) {
      const target = { containerPort, containerAddress: address };
      const binding = { protocol, hostAddress: address, hostPort: containerPort, ...target };
      opened.set(`${protocol} ${address} ${containerPort}`, binding);
    }
  }
  const ipv4 = natted.get(4);
  const ipv6 = natted.get(6);
  const container = { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
  return { opened: [...opened.values()], mapped, container };
}

const isLoopback = (address: string) => address === "::1" || address.startsWith("127.");

function loopbackRouted(host: string, { containerPort }: PortMapping): Error {
  const message = `port ${containerPort} cannot be published on ${host}: in a routed network the host rewrites nothing; leave the host address out to open the port to everybody, or use gateway mode "nat"`;
  return invalid("publish_loopback_routed", message, host);
}
