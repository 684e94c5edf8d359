/**
 * Why a port cannot be had, and what to do about it.
 */
import type { TransportProtocol } from "../contracts/firewall.ts";
import { CausewayError, conflict, invalid } from "../errors.ts";
import type { PortRange } from "../options/port-range.ts";
import { type HostAddress, portName } from "./host-address.ts";

/** `port_in_use`, by one of us. */
export function heldByEndpoint(
  protocol: TransportProtocol,
  host: HostAddress,
  port: number,
  endpointId: string,
  endpointName = endpointId.slice(0, 12),
): CausewayError {
  return conflict(
    "port_in_use",
    `${portName(protocol, host, port)} is published for endpoint ${endpointName}: unpublish it there or choose another port`,
    { protocol, hostAddress: host.text, hostPort: port, endpointId },
  );
}

/** `port_in_use`, by somebody else. */
export function heldByProgram(protocol: TransportProtocol, host: HostAddress, port: number): CausewayError {
  const finder = `ss -nlp${protocol === "tcp" ? "t" : "u"} 'sport = :${port}'`;
  return conflict(
    "port_in_use",
    `${portName(protocol, host, port)} is in use by another program: stop it (${finder} names it) or choose another port`,
    { protocol, hostAddress: host.text, hostPort: port },
  );
}

/** `port_in_use`, all of a range. */
export function rangeInUse(
  protocol: TransportProtocol,
  hosts: readonly HostAddress[],
  { first, last }: PortRange,
): CausewayError {
  const hostAddresses = hosts.map(({ text }) => text);
  return conflict(
    "port_in_use",
    `none of the ${protocol.toUpperCase()} ports ${first}-${last} is free on ${hostAddresses.join(" and ")}: choose another range or a longer one`,
    { protocol, hostAddresses, first, last },
  );
}

export function noFreePort(protocol: TransportProtocol, hosts: readonly HostAddress[]): CausewayError {
  const hostAddresses = hosts.map(({ text }) => text);
  return conflict(
    "no_free_port",
    `no automatic ${protocol.toUpperCase()} port is left on ${hostAddresses.join(" and ")}: widen net.ipv4.ip_local_port_range, or name a port outside of it`,
    { protocol, hostAddresses },
  );
}

export function hostAddressNotFound(host: HostAddress): CausewayError {
  return invalid(
    "host_address_not_found",
    `this host has no address ${host.text}: add it to an interface, or publish on one that it has (ip address shows them)`,
    host.text,
  );
}

export function outOfDescriptors(
  protocol: TransportProtocol,
  host: HostAddress,
  port: number,
  cause: unknown,
): CausewayError {
  return new CausewayError(
    "unavailable",
    "file_descriptors_exhausted",
    `no file descriptor is left to hold ${portName(protocol, host, port)}: raise the limit (ulimit -n, LimitNOFILE=)`,
    { cause },
  );
}
