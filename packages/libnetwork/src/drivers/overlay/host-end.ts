/**
 * The end of an endpoint's pair that is on its network's bridge: its name, and how it is cut off.
 */
import { type KernelError, link, type Reaper } from "@causeway/kernel";
import type { BridgePortSettings } from "../../contracts/driver.ts";
import type { Segment } from "./segment.ts";

/** Who deletes links and lets go of namespaces, when somebody else has done with them. */
export type SegmentReaper = Pick<Reaper, "deleteLink" | "releaseNamespace">;

/** `veth` and as much of an endpoint's id as a link's name has room for. */
export function hostEndName(endpointId: string): string {
  return `veth${endpointId.slice(0, 11)}`;
}

/**
 * Puts it on the bridge with its settings and our mark.
 *
 * @returns why that could not be done; undefined where it is
 */
export function reconnect(
  { rtnl, bridge }: Segment,
  endpointId: string,
  owner: string,
  bridgePort: BridgePortSettings,
): KernelError | undefined {
  const name = hostEndName(endpointId);
  const outcomes = rtnl.attempt([
    link.change({ name }, { alias: owner, master: bridge, up: true }),
    link.change({ name }, { info: { slaveKind: "bridge", bridgePort } }),
  ]);
  return outcomes.find((outcome) => outcome !== undefined);
}

/**
 * Cuts it off at once: down, nothing comes in by it any more.
 *
 * @returns when it has gone; undefined where it was not there
 */
export function cutOff(
  { rtnl, place }: Segment,
  reaper: SegmentReaper,
  endpointId: string,
): Promise<void> | undefined {
  const name = hostEndName(endpointId);
  const [refused] = rtnl.attempt([link.change({ name }, { up: false })]);
  if (refused === undefined) return reaper.deleteLink({ name }, place.path);
  if (refused.code !== "ENODEV") throw refused;
  return undefined;
}
