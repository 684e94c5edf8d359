/**
 * Routes on the wire: linux/rtnetlink.h (struct rtmsg, RTA_*).
 */
import { type AttributeTable, type AttrsValue, attrs } from "../../codec/attrs.ts";
import { DecodeError } from "../../codec/bytes.ts";
import { type Codec, i32, text, u8, u16, u16be, u32, type ValueOf } from "../../codec/codec.ts";
import { ip } from "../../codec/inet.ts";
import { struct } from "../../codec/struct.ts";
import { familyOf } from "../../netlink/family.ts";

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

/** RTAX_*: per-route path metrics. Times in milliseconds, windows in bytes (initial ones in packets). */
export const routeMetrics = attrs({
  /** A bit for each metric below that path discovery may not change: bit 2 is the MTU. */
  lock: [1, u32],
  mtu: [2, u32],
  window: [3, u32],
  roundTripTime: [4, u32],
  roundTripTimeVariance: [5, u32],
  slowStartThreshold: [6, u32],
  congestionWindow: [7, u32],
  advertisedMss: [8, u32],
  reordering: [9, u32],
  hopLimit: [10, u32],
  initialCongestionWindow: [11, u32],
  /** RTAX_FEATURE_*. */
  features: [12, u32],
  minimumRetransmissionTimeout: [13, u32],
  initialReceiveWindow: [14, u32],
  quickAck: [15, u32],
  congestionControl: [16, text],
});
export type RouteMetrics = ValueOf<typeof routeMetrics>;

/** A next hop of the other family than the route's (struct rtvia): IPv4 by way of an IPv6 router, RFC 5549. */
const via: Codec<string> = {
  write(to, value) {
    to.u16(familyOf(value));
    ip.write(to, value);
  },
  read(from) {
    from.skip(2);
    return ip.read(from);
  },
};

/** One of several next hops: struct rtnexthop and the attributes behind it. */
export interface MultipathHop {
  readonly link: number;
  /** RTNH_F_*. */
  readonly flags: number;
  /** Share of the traffic less one: 0 to 255. */
  readonly hops: number;
  readonly gateway?: string;
  readonly via?: string;
}

const hopHeader = struct({ length: u16, flags: u8, hops: u8, link: i32 });
const hopHeaderLength = 8;
const hopAttributes = attrs({ gateway: [5, ip], via: [18, via] });

const multipath: Codec<readonly MultipathHop[]> = {
  write(to, hops) {
    for (const { link, flags, hops: weight, ...attributes } of hops) {
      const start = to.length;
      hopHeader.write(to, { link, flags, hops: weight });
      hopAttributes.write(to, attributes);
      to.patchU16(start, to.length - start);
    }
  },
  read(from) {
    const hops: MultipathHop[] = [];
    while (from.remaining > 0) {
      const { length, ...header } = hopHeader.read(from);
      if (length < hopHeaderLength) throw new DecodeError(`a next hop claims a length of ${length}`);
      hops.push({ ...header, ...hopAttributes.read(from.slice(length - hopHeaderLength)) });
      from.skip(Math.min(-length & 3, from.remaining));
    }
    return hops;
  },
};

const table = {
  destination: [1, ip],
  source: [2, ip],
  inputLink: [3, u32],
  outputLink: [4, u32],
  gateway: [5, ip],
  priority: [6, u32],
  preferredSource: [7, ip],
  metrics: [8, routeMetrics, "nested"],
  multipath: [9, multipath],
  /** Number of the routing table; wider than the header's field of that name. */
  table: [15, u32],
  mark: [16, u32],
  via: [18, via],
  /** IPv6 router preference: 0 medium, 1 high, 3 low. */
  preference: [20, u8],
  /** Seconds until it is gone. */
  expires: [23, u32],
  /** In a lookup, what the packet would be. */
  userId: [25, u32],
  ipProtocol: [27, u8],
  sourcePort: [28, u16be],
  destinationPort: [29, u16be],
} as const satisfies AttributeTable;

export interface RouteAttributes extends AttrsValue<typeof table> {}
export const routeAttributes = attrs(table);
