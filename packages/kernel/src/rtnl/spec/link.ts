/**
 * Links on the wire: linux/rtnetlink.h (struct ifinfomsg) and linux/if_link.h (IFLA_*).
 */
import { type AttributeTable, type AttrsValue, attrs, listOf } from "../../codec/attrs.ts";
import { type Codec, i32, text, u8, u32 } from "../../codec/codec.ts";
import { mac } from "../../codec/inet.ts";
import { linkHeader } from "./link-header.ts";
import { linkInfo } from "./link-info.ts";

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWLINKPROP = 108;
export const RTM_DELLINKPROP = 109;

// linux/if.h
export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
/** It may carry packets as far as the kernel has noticed: RFC 2863's state is up, or unknown. */
export const IFF_RUNNING = 0x40;
/** It has a carrier, noticed or not. */
export const IFF_LOWER_UP = 0x1_0000;

export const IFLA_QDISC = 6;

/** Counters since the link was made: the head of struct rtnl_link_stats64. */
export interface LinkStatistics {
  readonly rxPackets: bigint;
  readonly txPackets: bigint;
  readonly rxBytes: bigint;
  readonly txBytes: bigint;
  readonly rxErrors: bigint;
  readonly txErrors: bigint;
  readonly rxDropped: bigint;
  readonly txDropped: bigint;
}

const statistics: Codec<LinkStatistics> = {
  write(to, value) {
    for (const name of statisticsOrder) to.u64(value[name]);
  },
  read: (from) =>
    Object.fromEntries(statisticsOrder.map((name) => [name, from.u64()])) as unknown as LinkStatistics,
};

const statisticsOrder = [
  "rxPackets",
  "txPackets",
  "rxBytes",
  "txBytes",
  "rxErrors",
  "txErrors",
  "rxDropped",
  "txDropped",
] as const satisfies readonly (keyof LinkStatistics)[];

/** linux/if_link.h, IFLA_INET6_ADDR_GEN_MODE: how a link comes by its link-local address. */
export const addressGeneration = { eui64: 0, none: 1, stablePrivacy: 2, random: 3 } as const;

/** IFLA_AF_SPEC, by address family: AF_INET6 only. */
const familySettings = attrs({
  inet6: [10, attrs({ addressGeneration: [8, u8] }), "nested"],
});

const table = {
  /** MAC address. */
  address: [1, mac],
  broadcast: [2, mac],
  name: [3, text],
  mtu: [4, u32],
  /** Index of the link that this one stands on: a VLAN's or macvlan's parent, a veth's peer. */
  parentIndex: [5, u32],
  qdisc: [IFLA_QDISC, text],
  /** Index of the bridge (or bond, or VRF) that it is a port of; 0 takes it off. */
  master: [10, u32],
  transmitQueueLength: [13, u32],
  /** RFC 2863 state: 0 unknown, 2 down, 5 dormant, 6 up. */
  operationalState: [16, u8],
  linkMode: [17, u8],
  info: [18, linkInfo, "nested"],
  namespacePid: [19, u32],
  /** At most 255 bytes; an empty one removes it. The kernel ignores it in the message that makes a link. */
  alias: [20, text],
  statistics: [23, statistics],
  families: [26, familySettings, "nested"],
  group: [27, u32],
  /** A descriptor of the namespace in which the link is made, or to which it moves. */
  namespaceFd: [28, u32],
  extendedMask: [29, u32],
  promiscuity: [30, u32],
  transmitQueues: [31, u32],
  receiveQueues: [32, u32],
  /** 1 while there is a carrier. */
  carrier: [33, u8],
  carrierChanges: [35, u32],
  /** The namespace, by a number of the asking one's, in which `parentIndex` is. */
  linkNamespaceId: [37, i32],
  /** On a get request: the namespace that is meant, by a number of the asking one's. */
  targetNamespaceId: [46, i32],
  minimumMtu: [50, u32],
  maximumMtu: [51, u32],
  alternativeNames: [52, listOf(53, text), "nested"],
  alternativeName: [53, text],
} as const satisfies AttributeTable;

export const linkAttributes: Codec<LinkAttributes> = attrs(table);

export interface LinkAttributes extends AttrsValue<typeof table> {}

/** A header with attributes behind it: the body of every link message, and of a veth's peer. */
export type LinkMessage = Partial<ReturnType<typeof linkHeader.read>> & LinkAttributes;

export const linkMessage: Codec<LinkMessage> = {
  write(to, { family = 0, type = 0, index = 0, flags = 0, change = 0, ...attributes }) {
    linkHeader.write(to, { family, type, index, flags, change });
    linkAttributes.write(to, attributes);
  },
  read: (from) => ({ ...linkHeader.read(from), ...linkAttributes.read(from) }),
};
