/**
 * What a mapping asks of the host, made plain before anything is taken: on which addresses, leading where, which ports will do.
 */
import type { PortMapping } from "../contracts/driver.ts";
import type { TransportProtocol } from "../contracts/firewall.ts";
import type { ContainerAddresses } from "../contracts/ports.ts";
import { invalid } from "../errors.ts";
import { checkPort, checkRange, HIGHEST_PORT, type PortRange } from "../options/port-range.ts";
import {
  allIpv4,
  allIpv6,
  type HostAddress,
  hostAddress,
  isIpv6Loopback,
  isRelayed,
  portName,
} from "./host-address.ts";
import { PortTables } from "./port-table.ts";

/** A host address, and where its port leads. */
export interface Route {
  readonly host: HostAddress;
  readonly containerAddress: string;
}

export interface PortRequest {
  readonly protocol: TransportProtocol;
  readonly containerPort: number;
  /** The same port is taken on all of them, or on none. */
  readonly routes: readonly Route[];
  /** Undefined: any free port. */
  readonly ports: PortRange | undefined;
}

export interface RequestContext {
  readonly container: ContainerAddresses;
  /** Where mappings without a host address are published. Default: on all addresses. */
  readonly defaultHostAddress: string | undefined;
  /** The host's kernel has IPv6 at all. */
  readonly hostHasIpv6: boolean;
}

const protocols: readonly string[] = ["tcp", "udp", "sctp"] satisfies readonly TransportProtocol[];

/**
 * Checks mappings and resolves their addresses. One request for each mapping, in their order.
 *
 * @throws invalid_protocol, invalid_port, reversed_port_range, invalid_address, invalid_host_address, no_container_address,
 *   duplicate_port
 */
export function requestsOf(
  mappings: readonly PortMapping[],
  context: RequestContext,
): readonly PortRequest[] {
  const routesOf = routeFinder(context);
  const requests = mappings.map((mapping) => {
    if (!protocols.includes(mapping.protocol)) {
      throw invalid(
        "invalid_protocol",
        `${JSON.stringify(mapping.protocol)} is not one of ${protocols.join(", ")}`,
        mapping.protocol,
      );
    }
    return {
      protocol: mapping.protocol,
      containerPort: checkPort(mapping.containerPort, "container port"),
      routes: routesOf(mapping),
      ports: portsOf(mapping),
    };
  });
  refuseDuplicates(requests);
  return requests;
}

/**
 * Sorts requests so that those with the least choice come first: exact ports, then ranges, then automatic ones. Of ranges
 * the one that ends first: with the lowest free port for each, all get one wherever that can be.
 */
export function bySearchOrder(a: PortRequest, b: PortRequest): number {
  return choice(a) - choice(b);
}

function choice({ ports }: PortRequest): number {
  if (ports === undefined) return HIGHEST_PORT + 1;
  return ports.first === ports.last ? 0 : ports.last;
}

function refuseDuplicates(requests: readonly PortRequest[]): void {
  const tables = new PortTables();
  for (const { protocol, ports, routes } of requests) {
    if (ports === undefined || ports.first !== ports.last) continue;
    for (const { host } of routes) {
      const table = tables.of(protocol, host.family);
      if (table.holder(host.text, ports.first) !== undefined) {
        throw invalid(
          "duplicate_port",
          `${portName(protocol, host, ports.first)} is asked for twice: publish one container port there`,
          { protocol, hostAddress: host.text, hostPort: ports.first },
        );
      }
      table.add(host.text, ports.first, "");
    }
  }
}

function portsOf({ hostPort, hostPortEnd }: PortMapping): PortRange | undefined {
  if (hostPort !== undefined) return checkRange(hostPort, hostPortEnd ?? hostPort, "host port");
  if (hostPortEnd === undefined) return undefined;
  throw invalid(
    "invalid_port",
    `a host port range needs its first port beside its last, ${hostPortEnd}`,
    hostPortEnd,
  );
}

/** Each address is read once, however many ports are published on it. */
function routeFinder(context: RequestContext): (mapping: PortMapping) => readonly Route[] {
  const found = new Map<string, readonly Route[]>();
  return ({ protocol, hostAddress: text = context.defaultHostAddress }) => {
    const key = `${protocol} ${text ?? ""}`;
    const known = found.get(key);
    if (known !== undefined) return known;
    const routes =
      text === undefined
        ? routesFromEverywhere(protocol, context)
        : [routeFrom(hostAddress(text), protocol, context.container)];
    found.set(key, routes);
    return routes;
  };
}

/** All of the host's IPv6 addresses are taken for an endpoint without IPv6 too: the relay serves it on [::1]. */
function routesFromEverywhere(
  protocol: TransportProtocol,
  { container: { ipv4, ipv6 }, hostHasIpv6 }: RequestContext,
): readonly Route[] {
  const behindIpv6 = ipv6 ?? (isRelayed(allIpv6, protocol) ? ipv4 : undefined);
  const routes: Route[] = [];
  if (ipv4 !== undefined) routes.push({ host: allIpv4, containerAddress: ipv4 });
  if (behindIpv6 !== undefined && hostHasIpv6) routes.push({ host: allIpv6, containerAddress: behindIpv6 });
  if (routes.length > 0) return routes;
  throw invalid("no_container_address", "no port can lead to an endpoint without an address");
}

function routeFrom(
  host: HostAddress,
  protocol: TransportProtocol,
  { ipv4, ipv6 }: ContainerAddresses,
): Route {
  const relayedOnly = isIpv6Loopback(host);
  if (relayedOnly && !isRelayed(host, protocol)) {
    const message = `a port of ${host.text} is served by the relay, which does not carry ${protocol}: publish on another address`;
    throw invalid("not_relayed", message, host.text);
  }
  const containerAddress = host.family === 4 ? ipv4 : (ipv6 ?? (relayedOnly ? ipv4 : undefined));
  if (containerAddress !== undefined) return { host, containerAddress };
  throw invalid(
    "no_container_address",
    `a port of ${host.text} cannot lead to an endpoint without an IPv${host.family} address: enable IPv${host.family} in its network or publish on another address`,
    host.text,
  );
}
