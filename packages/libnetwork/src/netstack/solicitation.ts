/**
 * Waiting until neighbours can ask for an interface's IPv6 addresses.
 *
 * The kernel joins the group in which an address is solicited in a work queue of its own, some time after the address
 * was added (addrconf_dad_work() of net/ipv6/addrconf.c). A solicitation that comes earlier is lost, and is repeated
 * only after a second (RETRANS_TIMER of RFC 4861): the first connection would take as long.
 */
import { address, type Rtnl } from "@causeway/kernel";
import { solicitedNodeGroup } from "../address/solicited-node.ts";

/** The kernel is nearly always there at the first look; on a busy machine it takes some milliseconds. */
const pauseMs = 0.1;
const longestWaitMs = 50;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Returns when the interface listens for solicitations of all of these addresses, or after 50 ms. */
export function awaitSolicitable(inside: Rtnl, index: number, addresses: readonly string[]): void {
  const wanted = new Set(addresses.map(solicitedNodeGroup));
  const giveUp = performance.now() + longestWaitMs;
  while (!wanted.isSubsetOf(new Set(inside.dump(address.groups(index))))) {
    if (performance.now() > giveUp) return;
    Atomics.wait(sleeper, 0, 0, pauseMs);
  }
}
