/**
 * Connections that outlive what let them in, or that were there before it: the kernel is told to forget them.
 */
import { address, type Rtnl } from "@causeway/kernel";
import { addressOf } from "../../address/cidr.ts";
import { familyOf, isUnspecified } from "../../address/ip.ts";
import type { ConnectionFilter, ConnectionTable } from "../../contracts/connections.ts";
import type { EndpointInterface, PortBinding } from "../../contracts/driver.ts";
import type { NetworkPolicy } from "../../contracts/firewall.ts";

/**
 * Forgets those into, out of and through a network's subnets that began before there was the network: what is established
 * passes before any refusal, and what is unanswered has been past address translation and the refusals of its chain. Its
 * next packet is a new connection, under the network's rules.
 */
export async function forgetEarlier(
  connections: ConnectionTable,
  { ipv4, ipv6 }: Pick<NetworkPolicy, "ipv4" | "ipv6">,
): Promise<void> {
  const filters: ConnectionFilter[] = [ipv4, ipv6]
    .filter((policy) => policy !== undefined)
    .flatMap(({ subnet }) => [
      { originalSource: subnet },
      { originalDestination: subnet },
      { replySource: subnet },
    ]);
  if (filters.length > 0) await connections.forget(filters);
}

/**
 * Forgets what may have begun while our rules were away: what came in past the refusals, which is established by now and would pass
 * them for ever, and what missed its address translation, which each further packet of it would miss, too. What is led by a published
 * port, or goes out by the host's address, stays.
 */
export function forgetUnguarded(
  connections: ConnectionTable,
  rtnl: Rtnl,
  policies: readonly Pick<NetworkPolicy, "internal" | "ipv4" | "ipv6">[],
  bindings: readonly PortBinding[],
): void {
  const filters = policies.flatMap(({ internal, ipv4, ipv6 }): ConnectionFilter[] =>
    [ipv4, ipv6]
      .filter((policy) => policy !== undefined)
      .flatMap(({ subnet, gatewayMode }) => [
        { originalDestination: subnet },
        // The host's loopback, from a network.
        ...(subnet.includes(":") ? [] : [{ originalSource: subnet, originalDestination: "127.0.0.0/8" }]),
        internal || gatewayMode === "isolated"
          ? { originalSource: subnet }
          : { originalSource: subnet, replyDestination: subnet },
      ]),
  );
  const own = bindings.length === 0 ? [] : rtnl.dump(address.list()).map(({ address: ip }) => ip);
  const unled = bindings.flatMap(({ protocol, hostAddress, hostPort }) => {
    const meant = own.filter((ip) => familyOf(ip) === familyOf(hostAddress));
    return (isUnspecified(hostAddress) ? meant : [hostAddress]).map((ip) => ({
      protocol,
      originalDestination: ip,
      originalDestinationPort: hostPort,
      replySource: ip,
    }));
  });
  if (filters.length > 0) void connections.forgetLater([...filters, ...unled]);
}

/** Forgets those through ports that are published no more: established ones outlive the rules that let them in. */
export async function forgetPublished(
  connections: ConnectionTable,
  bindings: readonly PortBinding[],
): Promise<void> {
  await connections.forget(
    bindings.map(({ protocol, containerAddress, containerPort }) => ({
      protocol,
      replySource: containerAddress,
      replySourcePort: containerPort,
    })),
  );
}

/**
 * Who sends datagrams to a port before it is published has a connection already that leads nowhere, and renews it with
 * each: it is to be forgotten, so that the next one is led to the endpoint.
 *
 * Only looks, and may fail: ask before the port is opened, and forget after.
 */
export function unanswered(rtnl: Rtnl, bindings: readonly PortBinding[]): readonly ConnectionFilter[] {
  const datagrams = bindings.filter(({ protocol }) => protocol === "udp");
  if (datagrams.length === 0) return [];
  const own = rtnl.dump(address.list()).map(({ address: ip }) => ip);
  return datagrams.flatMap(({ protocol, hostAddress, hostPort }) => {
    const family = familyOf(hostAddress);
    const meant = isUnspecified(hostAddress) ? own.filter((ip) => familyOf(ip) === family) : [hostAddress];
    return meant.map((ip) => ({ protocol, originalDestination: ip, originalDestinationPort: hostPort }));
  });
}

/** Forgets them. Nobody waits. */
export function forgetUnanswered(connections: ConnectionTable, filters: readonly ConnectionFilter[]): void {
  if (filters.length > 0) void connections.forgetLater(filters);
}

/**
 * Forgets those of addresses whose endpoint was cut off. Nobody waits, for nothing of it gets through any more, but who
 * is given one of the addresses next: it would get the answers that its former owner asked for.
 *
 * @returns when they are forgotten; undefined where there is nothing to wait for
 */
export function forgetAddresses(
  connections: ConnectionTable,
  addresses: readonly string[],
): Promise<void> | undefined {
  if (addresses.length === 0) return undefined;
  return connections.forgetLater(addresses.flatMap((ip) => [{ replySource: ip }, { originalSource: ip }]));
}

/** An endpoint's own addresses. */
export function addressesOf({ ipv4, ipv6 }: EndpointInterface): readonly string[] {
  return [ipv4, ipv6].filter((cidr) => cidr !== undefined).map(addressOf);
}
