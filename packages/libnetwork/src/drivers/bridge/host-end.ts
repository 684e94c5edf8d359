/**
 * The host's end of an endpoint's pair of links, which netstack makes: its name, and what is done to it while it is there.
 */
import { isKernelError, link, type Reaper, type Rtnl } from "@causeway/kernel";
import type { BridgePortSettings } from "../../contracts/driver.ts";
import type { BridgeEndpoint, BridgeNetwork } from "./networks.ts";

/**
 * Frames for 01:80:c2:00:00:0X teach a bridge their sender before any rule sees them, unless they are to be forwarded: all are,
 * but pause frames, which the bridge drops by itself (linux/if_link.h, IFLA_BRPORT_GROUP_FWD_MASK).
 */
const everyGroupButPause = 0xffff & ~(1 << 1);

/** Who deletes links: at once and elsewhere, or when somebody else has done with them. */
export type LinkReaper = Pick<Reaper, "deleteLink">;

/** `veth` and as much of an endpoint's id as a link's name has room for. */
export function hostEndName(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}

/** @param filtered there is a packet filter to look at what comes in by it */
export function portSettings(
  { options }: BridgeNetwork,
  { bindings }: BridgeEndpoint,
  filtered: boolean,
): BridgePortSettings {
  const guarded = options.antiSpoofing && filtered;
  const hairpin = bindings.length > 0;
  // What leads to a router gets all multicast: whoever says that it is one would.
  return { hairpin, multicastRouter: guarded ? 0 : 1, groupForwardMask: guarded ? everyGroupButPause : 0 };
}

/**
 * Frames may go back by the port they came from: a sandbox reaches what it publishes itself. Where the sandbox still waits for its namespace
 * there is no port yet; it is made so.
 */
export function setHairpin(rtnl: Rtnl, endpointId: string, hairpin: boolean): void {
  const bridgePort = { hairpin };
  const change = link.change(
    { name: hostEndName(endpointId) },
    { info: { slaveKind: "bridge", bridgePort } },
  );
  const [failure] = rtnl.attempt([change]);
  if (failure !== undefined && !isKernelError(failure, "ENODEV")) throw failure;
}

/** All pairs' ends on the host, by name: one question, where one for each would wait for the kernel's lock a thousand times. */
export function hostEnds(rtnl: Rtnl): ReadonlyMap<string, link.Link> {
  return new Map(rtnl.findLinks({ kind: "veth" }).map((found) => [found.name, found]));
}

/**
 * Puts it on the bridge, which may be another one than before; where all is as it should be, nothing is done.
 *
 * @param found as it is; undefined where it is not there, and the model makes it again
 */
export function reconnect(
  rtnl: Rtnl,
  found: link.Link | undefined,
  bridgeIndex: number,
  bridgePort: BridgePortSettings,
): void {
  if (found === undefined || isConnected(found, bridgeIndex, bridgePort)) return;
  const { name } = found;
  // It may go meanwhile.
  rtnl.attempt([
    link.change({ name }, { master: bridgeIndex, up: true }),
    link.change({ name }, { info: { slaveKind: "bridge", bridgePort } }),
  ]);
}

function isConnected(found: link.Link, bridgeIndex: number, wanted: BridgePortSettings): boolean {
  const { hairpin, multicastRouter, groupForwardMask } = found.info?.bridgePort ?? {};
  return (
    found.master === bridgeIndex &&
    link.isUp(found) &&
    hairpin === wanted.hairpin &&
    multicastRouter === wanted.multicastRouter &&
    groupForwardMask === wanted.groupForwardMask
  );
}

/**
 * Cuts it off at once. Down, nothing comes in by it any more; the reaper takes it off the bridge, which makes the kernel wait
 * for RCU once more.
 *
 * @returns when it has gone; undefined where it was not there
 */
export function cutOff(rtnl: Rtnl, reaper: LinkReaper, endpointId: string): Promise<void> | undefined {
  const name = hostEndName(endpointId);
  const [refused] = rtnl.attempt([link.change({ name }, { up: false })]);
  if (refused === undefined) return reaper.deleteLink({ name });
  if (refused.code !== "ENODEV") throw refused;
  return undefined;
}
