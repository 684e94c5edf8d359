/**
 * What the ports of a network's bridge are set to: the VXLAN device, and the ends of endpoints' pairs. linux/if_link.h, IFLA_BRPORT_*. Pure.
 */
import type { BridgePortSettings } from "../../contracts/driver.ts";
import type { Firewall } from "../../contracts/firewall.ts";
import type { NetworkPlan } from "./network-plan.ts";

/**
 * Frames for a MAC that no entry tells of, to everybody and to groups stay on the host; ARP and neighbour solicitations the bridge
 * answers of its neighbours.
 */
export const vxlanBridgePort = {
  learning: false,
  unicastFlood: false,
  multicastFlood: false,
  broadcastFlood: false,
  multicastRouter: 0,
  neighbourSuppression: true,
} as const;

/**
 * Frames for 01:80:c2:00:00:0X teach a bridge their sender before any rule sees them, unless they are to be forwarded: all are,
 * but pause frames, which the bridge drops by itself (IFLA_BRPORT_GROUP_FWD_MASK).
 */
const everyGroupButPause = 0xffff & ~(1 << 1);

/** Of an endpoint. @param guard the packet filter that may look at what comes in by it */
export function endpointBridgePort(
  { options }: NetworkPlan,
  { active }: Pick<Firewall, "active">,
): BridgePortSettings {
  const isGuarded = options.antiSpoofing && active;
  return {
    hairpin: false,
    multicastRouter: isGuarded ? 0 : 1,
    groupForwardMask: isGuarded ? everyGroupButPause : 0,
  };
}
