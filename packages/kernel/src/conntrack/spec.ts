/**
 * Connection tracking on the wire: linux/netfilter/nfnetlink_conntrack.h (CTA_*). Numbers are in network byte order.
 */
import { type AttributeTable, type AttrsValue, attrs } from "../codec/attrs.ts";
import { u8, u16be, u32, u32be } from "../codec/codec.ts";
import { ip } from "../codec/inet.ts";
import { NFNL_SUBSYS_CTNETLINK } from "../netlink/netfilter.ts";

const subsystem = NFNL_SUBSYS_CTNETLINK << 8;
export const IPCTNL_MSG_CT_NEW = subsystem | 0;
export const IPCTNL_MSG_CT_GET = subsystem | 1;
export const IPCTNL_MSG_CT_DELETE = subsystem | 2;
export const IPCTNL_MSG_CT_GET_STATS = subsystem | 5;

export const CTA_TUPLE_ORIG = 1;
export const CTA_TUPLE_REPLY = 2;
export const CTA_TUPLE_IP = 1;
export const CTA_TUPLE_PROTO = 2;
export const CTA_IP_V4_SRC = 1;
export const CTA_IP_V4_DST = 2;
export const CTA_IP_V6_SRC = 3;
export const CTA_IP_V6_DST = 4;
export const CTA_PROTO_NUM = 1;
export const CTA_PROTO_SRC_PORT = 2;
export const CTA_PROTO_DST_PORT = 3;

const addresses = attrs({
  source4: [CTA_IP_V4_SRC, ip],
  destination4: [CTA_IP_V4_DST, ip],
  source6: [CTA_IP_V6_SRC, ip],
  destination6: [CTA_IP_V6_DST, ip],
});

/** Ports, or what ICMP has in their place. */
const protocol = attrs({
  number: [CTA_PROTO_NUM, u8],
  sourcePort: [CTA_PROTO_SRC_PORT, u16be],
  destinationPort: [CTA_PROTO_DST_PORT, u16be],
  icmpId: [4, u16be],
  icmpType: [5, u8],
  icmpCode: [6, u8],
  icmpv6Id: [7, u16be],
  icmpv6Type: [8, u8],
  icmpv6Code: [9, u8],
});

/** CTA_TUPLE_*: the packets of one direction. */
const tupleTable = {
  addresses: [CTA_TUPLE_IP, addresses, "nested"],
  protocol: [CTA_TUPLE_PROTO, protocol, "nested"],
  zone: [3, u16be],
} as const satisfies AttributeTable;

export interface TupleAttributes extends AttrsValue<typeof tupleTable> {}
const tuple = attrs(tupleTable);

/** IPS_*: bits of `status`. */
export const IPS_SEEN_REPLY = 0x02;
export const IPS_ASSURED = 0x04;
export const IPS_CONFIRMED = 0x08;

const table = {
  original: [CTA_TUPLE_ORIG, tuple, "nested"],
  reply: [CTA_TUPLE_REPLY, tuple, "nested"],
  status: [3, u32be],
  /** Seconds until the entry is dropped. */
  timeout: [7, u32be],
  mark: [8, u32be],
  /** Tells an entry from a later one of the same tuples. */
  id: [12, u32be],
  zone: [18, u16be],
  /** In a dump, since Linux 5.8: which parts of `original` and `reply` an entry must have. In the machine's byte order. */
  filter: [25, attrs({ originalParts: [1, u32], replyParts: [2, u32] }), "nested"],
} as const satisfies AttributeTable;

export interface ConnectionAttributes extends AttrsValue<typeof table> {}
export const connectionAttributes = attrs(table);

/** CTA_FILTER_F_*: bits of `filter`. */
export const filterParts = {
  source: 1 << 0,
  destination: 1 << 1,
  protocol: 1 << 3,
  sourcePort: 1 << 4,
  destinationPort: 1 << 5,
} as const;

/** CTA_STATS_GLOBAL_*: the answer to IPCTNL_MSG_CT_GET_STATS. */
export const globalStatistics = attrs({ entries: [1, u32be], limit: [2, u32be] });
