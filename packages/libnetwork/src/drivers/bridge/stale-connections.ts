/**
 * Connections that outlive what let them in, or that were there before it: the kernel is told to forget them.
 */
import { address, type Rtnl } from "@causeway/kernel";
import { addressOf } from "../../address/cidr.ts";
import { familyOf, isUnspecified } from "../../address/ip.ts";
import type { ConnectionFilter, ConnectionTable } from "../../contracts/connections.ts";
import type { EndpointInterface, PortBinding } from "../../contracts/driver.ts";

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
 * each: it is forgotten, so that the next one is led to the endpoint.
 */
export function forgetUnanswered(
  connections: ConnectionTable,
  rtnl: Rtnl,
  bindings: readonly PortBinding[],
): void {
  const datagrams = bindings.filter(({ protocol }) => protocol === "udp");
  if (datagrams.length === 0) return;
  const own = rtnl.dump(address.list()).map(({ address: ip }) => ip);
  const filters = datagrams.flatMap(({ protocol, hostAddress, hostPort }) => {
    const family = familyOf(hostAddress);
    const meant = isUnspecified(hostAddress) ? own.filter((ip) => familyOf(ip) === family) : [hostAddress];
    return meant.map((ip) => ({ protocol, originalDestination: ip, originalDestinationPort: hostPort }));
  });
  if (filters.length > 0) connections.forgetLater(filters);
}

/** Forgets those of an endpoint that was cut off. Nobody waits: nothing of it gets through any more. */
export function forgetEndpoint(connections: ConnectionTable, { ipv4, ipv6 }: EndpointInterface): void {
  const filters: ConnectionFilter[] = [];
  for (const cidr of [ipv4, ipv6]) {
    if (cidr === undefined) continue;
    const ip = addressOf(cidr);
    filters.push({ replySource: ip }, { originalSource: ip });
  }
  if (filters.length > 0) connections.forgetLater(filters);
}
