/**
 * Changes of nf_tables, whoever makes them: linux/netfilter/nf_tables.h (NFT_MSG_*, NFTA_*), group NFNLGRP_NFTABLES.
 */
import { attrs } from "../codec/attrs.ts";
import type { ByteReader } from "../codec/bytes.ts";
import { type Codec, text, u32be } from "../codec/codec.ts";
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import type { Topic } from "../netlink/monitor.ts";
import { NFNL_SUBSYS_NFTABLES, netfilterHeader } from "../netlink/netfilter.ts";
import { families } from "./families.ts";

const NFNLGRP_NFTABLES = 7;
export const NFT_MSG_NEWGEN = 15;

/** Something was added (or changed) or removed. */
export interface NftablesChange {
  readonly type: "nftables";
  readonly change: "added" | "removed";
  readonly object: "table" | "chain" | "rule" | "set" | "element" | "object" | "flowtable";
  /** `inet`, `bridge` ...; `unknown` for one that has no name here. */
  readonly family: string;
  readonly table: string;
  /** Name of the chain, set or object; of a rule, its chain's; of an element, its set's; empty for a table. */
  readonly name: string;
}

/** A transaction was carried out: it is told after its changes. */
export interface NftablesGeneration {
  readonly type: "nftables-generation";
  readonly generation: number;
  readonly processId: number;
  readonly processName: string;
}

export type NftablesEvent = NftablesChange | NftablesGeneration;

const generation = attrs({ id: [1, u32be], processId: [2, u32be], processName: [3, text] });

/** What follows the header of NFT_MSG_NEWGEN. */
export function readGeneration(payload: ByteReader): NftablesGeneration {
  const { id = 0, processId = 0, processName = "" } = generation.read(payload);
  return { type: "nftables-generation", generation: id, processId, processName };
}

interface Names {
  readonly table?: string;
  readonly name?: string;
}
/** Nearly every object has its table in attribute 1 and its own name in attribute 2. */
const names: Codec<Names> = attrs({ table: [1, text], name: [2, text] });
const chainNames: Codec<Names> = attrs({ table: [1, text], name: [3, text] });
const tableNames: Codec<Names> = attrs({ table: [1, text] });

/** By NFT_MSG_NEW*; the removal has the number two behind. */
const objects = new Map<number, readonly [NftablesChange["object"], Codec<Names>]>([
  [0, ["table", tableNames]],
  [3, ["chain", chainNames]],
  [6, ["rule", names]],
  [9, ["set", names]],
  [12, ["element", names]],
  [18, ["object", names]],
  [22, ["flowtable", names]],
]);

const familyNames = new Map(Object.entries(families).map(([name, number]) => [number as number, name]));

export const nftablesEvents: Topic<NftablesEvent> = {
  protocol: NETLINK_NETFILTER,
  groups: [NFNLGRP_NFTABLES],
  decode({ type, payload }) {
    if (type >> 8 !== NFNL_SUBSYS_NFTABLES) return undefined;
    const number = type & 0xff;
    const { family } = netfilterHeader.read(payload);
    if (number === NFT_MSG_NEWGEN) return readGeneration(payload);
    const added = objects.get(number);
    const known = added ?? objects.get(number - 2);
    if (known === undefined) return undefined;
    const [object, codec] = known;
    const { table = "", name = "" } = codec.read(payload);
    return {
      type: "nftables",
      change: added === undefined ? "removed" : "added",
      object,
      family: familyNames.get(family) ?? "unknown",
      table,
      name,
    };
  },
};
