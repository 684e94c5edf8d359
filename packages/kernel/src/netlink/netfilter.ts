/**
 * What the subsystems of NETLINK_NETFILTER share: linux/netfilter/nfnetlink.h. Numbers are in network byte order.
 */
import { u8, u16be } from "../codec/codec.ts";
import { struct } from "../codec/struct.ts";

/** Subsystems: the upper byte of a message's type. */
export const NFNL_SUBSYS_CTNETLINK = 1;
export const NFNL_SUBSYS_NFTABLES = 10;

/** struct nfgenmsg, with which every message begins. */
export const netfilterHeader = struct({ family: u8, version: u8, resource: u16be });
export const netfilterHeaderLength = 4;

/** IPPROTO_* of linux/in.h and linux/in6.h by name: those that connections and rules know ports or types of. */
export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;
