// What many tests begin with: bridge networks of fixed subnets, and who reaches whom in them.

import assert from "node:assert/strict";
import type { Network, NetworkOptions, Sandbox } from "@causeway/libnetwork";
import { namespaceOf, type TestHost } from "./host.ts";
import { ask, serve } from "./traffic.ts";

/** A bridge network with the subnets 172.30.`number`.0/24 and fd00:`number`::/64. */
export function dualStack(
  host: TestHost,
  name: string,
  number: number,
  more: NetworkOptions = {},
): Promise<Network> {
  const config = [{ subnet: `172.30.${number}.0/24` }, { subnet: `fd00:${number}::/64` }];
  return host.controller.newNetwork("bridge", name, { ipam: { config }, ...more });
}

/** A bridge network with the subnet 172.30.`number`.0/24. */
export function ipv4Only(
  host: TestHost,
  name: string,
  number: number,
  more: NetworkOptions = {},
): Promise<Network> {
  const config = [{ subnet: `172.30.${number}.0/24` }];
  return host.controller.newNetwork("bridge", name, { ipam: { config }, ...more });
}

/**
 * How long a connection may take that must come about, milliseconds: enough for a busy machine, and less than the second
 * after which TCP and neighbour discovery try again, so that no first packet is lost unnoticed.
 */
const connectingTime = 950;

/** Whether one sandbox reaches an address of another by TCP; answers the address that is seen there. */
export async function reaches(
  from: Sandbox,
  to: Sandbox,
  address: string,
  timeout = connectingTime,
): Promise<string | undefined> {
  using source = namespaceOf(from);
  using target = namespaceOf(to);
  const everywhere = address.includes(":") ? "::" : "0.0.0.0";
  await using _server = await serve(target, { address: everywhere, port: 7000 });
  return await ask(source, { address, port: 7000, timeout });
}

/** Fails unless two sandboxes reach each other by the first endpoint of each, in every family that both have. */
export async function assertTalking(one: Sandbox, other: Sandbox): Promise<void> {
  for (const family of ["ipv4", "ipv6"] as const) {
    const [a, b] = [one, other].map((sandbox) => sandbox.endpoints()[0]?.[family]?.split("/")[0]);
    if (a === undefined || b === undefined) continue;
    assert.equal(await reaches(one, other, b), a, `${one.containerId} to ${other.containerId} at ${b}`);
    assert.equal(await reaches(other, one, a), b, `${other.containerId} to ${one.containerId} at ${a}`);
  }
}
