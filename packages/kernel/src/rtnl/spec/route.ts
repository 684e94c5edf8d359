/**
 * Routes on the wire: linux/rtnetlink.h (struct rtmsg, RTA_*).
 */
import { type AttributeTable, type AttrsValue, attrs } from "../../codec/attrs.ts";
import { u8, u32 } from "../../codec/codec.ts";
import { ip } from "../../codec/inet.ts";
import { struct } from "../../codec/struct.ts";

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;
export const RTPROT_BOOT = 3;
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_NOWHERE = 255;
/** The next hop is on the link even though no address says so. */
export const RTNH_F_ONLINK = 4;

/** enum rtm_type. */
export const routeTypes = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const;

export const routeHeader = struct({
  family: u8,
  destinationLength: u8,
  sourceLength: u8,
  tos: u8,
  table: u8,
  protocol: u8,
  scope: u8,
  type: u8,
  flags: u32,
});

/** RTAX_*: per-route path metrics. */
export const routeMetrics = attrs({ mtu: [2, u32], advertisedMss: [8, u32], hopLimit: [10, u32] });

const table = {
  destination: [1, ip],
  source: [2, ip],
  inputLink: [3, u32],
  outputLink: [4, u32],
  gateway: [5, ip],
  priority: [6, u32],
  preferredSource: [7, ip],
  metrics: [8, routeMetrics, "nested"],
  /** Number of the routing table; wider than the header's field of that name. */
  table: [15, u32],
} as const satisfies AttributeTable;

export interface RouteAttributes extends AttrsValue<typeof table> {}
export const routeAttributes = attrs(table);
