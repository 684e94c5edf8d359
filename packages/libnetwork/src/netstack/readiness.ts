/**
 * Waiting for what the kernel does to an interface in work queues of its own, and what the first packet needs.
 *
 * A carrier: linkwatch acts on it (net/core/link_watch.c) some time after it came, at the latest when it is asked about the link
 * since Linux 6.8. Until then packets are dropped.
 *
 * Neighbours that can ask for IPv6 addresses: the group in which an address is solicited is joined some time after the
 * address was added (addrconf_dad_work() of net/ipv6/addrconf.c). A solicitation that comes earlier is lost, and is repeated
 * only after a second (RETRANS_TIMER of RFC 4861): the first connection would take as long.
 */
import { address, link, type Rtnl } from "@causeway/kernel";
import { solicitedNodeGroup } from "../address/solicited-node.ts";

/** The kernel is nearly always there at the first look; on a busy machine it takes some milliseconds. */
const pauseMs = 0.1;
const longestWaitMs = 50;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Returns when it is so, or after 50 ms: what is late then is late for one connection. */
function waitUntil(isSo: () => boolean): void {
  if (isSo()) return;
  const giveUp = performance.now() + longestWaitMs;
  do Atomics.wait(sleeper, 0, 0, pauseMs);
  while (!isSo() && performance.now() < giveUp);
}

/** Returns when the kernel has acted on the carrier that a link has, or after 50 ms. One request on Linux 6.8 and newer. */
export function awaitCarrier(rtnl: Rtnl, selector: link.LinkSelector): void {
  waitUntil(() => rtnl.query(link.hasCaughtUp(selector)));
}

/** Returns when the interface listens for solicitations of all of these addresses, or after 50 ms. */
export function awaitSolicitable(inside: Rtnl, index: number, addresses: readonly string[]): void {
  const wanted = new Set(addresses.map(solicitedNodeGroup));
  waitUntil(() => wanted.isSubsetOf(new Set(inside.dump(address.groups(index)))));
}
