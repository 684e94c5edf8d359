/**
 * Steps of rules that choose one of several and lead a connection there: linux/netfilter/nf_tables.h (NFTA_META_*, NFTA_CT_*,
 * NFTA_LOOKUP_*, NFTA_NG_*, NFTA_NAT_*, NFTA_REJECT_*). Registers are named by their words of 4 bytes: a key of several parts lies in words side by side.
 */
import { attrs } from "../codec/attrs.ts";
import { text, u8, u32be } from "../codec/codec.ts";
import {
  type Expression,
  expression,
  type ListedExpression,
  NFT_REG_1,
  NFT_REG_VERDICT,
} from "./expressions.ts";
import { families } from "./families.ts";

const NFT_REG32_00 = 8;
const NFT_META_NFPROTO = 15;
const NFT_META_L4PROTO = 16;
const NFT_CT_PROTOCOL = 10;
const IP_CT_DIR_ORIGINAL = 0;
const NFT_NG_RANDOM = 1;
const NFT_NAT_DNAT = 1;
const NFT_REJECT_TCP_RST = 1;
const NFT_REJECT_ICMPX_UNREACH = 2;
const NFT_REJECT_ICMPX_PORT_UNREACH = 1;

const meta = attrs({ destination: [1, u32be], key: [2, u32be] });
const ct = attrs({ destination: [1, u32be], key: [2, u32be], direction: [3, u8] });
const NFTA_LOOKUP_SET = 1;
const lookup = attrs({
  set: [NFTA_LOOKUP_SET, text],
  source: [2, u32be],
  destination: [3, u32be],
  setId: [4, u32be],
});
const numgen = attrs({ destination: [1, u32be], modulus: [2, u32be], type: [3, u32be], offset: [4, u32be] });
const nat = attrs({ type: [1, u32be], family: [2, u32be], addressMin: [3, u32be], portMin: [5, u32be] });
const rejection = attrs({ type: [1, u32be], code: [2, u8] });

/** Register of a word, of which there are 16. */
export function word(at: number): number {
  return NFT_REG32_00 + at;
}

/** The family of the packet (NFPROTO_*), into the first register. */
export const loadFamily: Expression = expression("meta", meta, {
  destination: NFT_REG_1,
  key: NFT_META_NFPROTO,
});

/** The protocol above IP, behind IPv6's extension headers too. */
export function loadProtocol(destination: number): Expression {
  return expression("meta", meta, { destination, key: NFT_META_L4PROTO });
}

/**
 * The protocol as connection tracking has it, into the first register. A rule with this in it has the kernel track connections, and without
 * that it asks no chain of type nat: those alone that translate do it, too.
 */
export const loadTrackedProtocol: Expression = expression("ct", ct, {
  destination: NFT_REG_1,
  key: NFT_CT_PROTOCOL,
  direction: IP_CT_DIR_ORIGINAL,
});

/**
 * What a map has for a key; holds where it has something.
 *
 * @param setId of a map that belongs to the rule
 */
export function find(set: string, source: number, destination: number, setId?: number): Expression {
  return expression("lookup", lookup, { set, source, destination, ...(setId !== undefined && { setId }) });
}

/** The name of the map that a step asks; undefined where it asks none. */
export function askedMap({ name, attributes }: ListedExpression): string | undefined {
  const set = attributes.get(NFTA_LOOKUP_SET);
  return name === "lookup" && set !== undefined
    ? Buffer.from(set).toString("utf8", 0, set.length - 1)
    : undefined;
}

/** Goes where a verdict map says; goes on where it says nothing. */
export function decide(set: string, source: number): Expression {
  return expression("lookup", lookup, { set, source, destination: NFT_REG_VERDICT });
}

/** A number from 0 to below `count`, each as likely as the other: a word in the machine's byte order. */
export function chance(count: number, destination: number): Expression {
  return expression("numgen", numgen, { destination, modulus: count, type: NFT_NG_RANDOM, offset: 0 });
}

/** Leads the connection to the address in a register, and the port in another; default: the port that was asked for. */
export function lead(family: "ip" | "ip6", address: number, port?: number): Expression {
  const to = { addressMin: address, ...(port !== undefined && { portMin: port }) };
  return expression("nat", nat, { type: NFT_NAT_DNAT, family: families[family], ...to });
}

/** Answers with TCP's reset. */
export const reset: Expression = expression("reject", rejection, { type: NFT_REJECT_TCP_RST, code: 0 });

/** Answers with ICMP's or ICMPv6's "port unreachable". */
export const unreachable: Expression = expression("reject", rejection, {
  type: NFT_REJECT_ICMPX_UNREACH,
  code: NFT_REJECT_ICMPX_PORT_UNREACH,
});
