/**
 * Maps and their elements as messages of nf_tables, for a batch (batch.ts) that makes rules, too: linux/netfilter/nf_tables.h
 * (NFTA_SET_*, NFTA_SET_ELEM_*).
 */
import { attrs, listOf } from "../codec/attrs.ts";
import type { ByteWriter } from "../codec/bytes.ts";
import { type Codec, text, u32be } from "../codec/codec.ts";
import { NLM_F_CREATE } from "../netlink/constants.ts";
import type { Request } from "../netlink/message.ts";
import { data } from "./expressions.ts";
import type { NftFamily } from "./families.ts";
import { message } from "./table-messages.ts";

const NFT_MSG_NEWSET = 9;
const NFT_MSG_DELSET = 11;
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;
const NFT_SET_MAP = 8;
/** As nft(8) numbers its types, in src/datatype.h: it lists by them. */
const typeNumbers = { ipv4_addr: 7, ipv6_addr: 8, inet_proto: 12, inet_service: 13, mark: 19 } as const;
const typeBits = 6;
const NFT_DATA_VERDICT = 0xffff_ff00;
/** An attribute's length is 16 bits. */
const perMessage = 1000;

type KeyType = keyof typeof typeNumbers;

const lengths: Readonly<Record<KeyType, number>> = {
  ipv4_addr: 4,
  ipv6_addr: 16,
  inet_proto: 1,
  inet_service: 2,
  mark: 4,
};

/** A map that lives in the memory of one table. */
export interface NftMap {
  readonly name: string;
  readonly key: readonly KeyType[];
  readonly data: KeyType | "verdict";
  /** How many elements it is made for: the kernel chooses by it. Absent: it grows. */
  readonly size?: number;
}

/** What a key leads to: bytes, or a verdict ({@link goTo} of expressions.ts). */
export interface MapElement {
  readonly key: Uint8Array;
  readonly data?: { readonly value: Uint8Array } | { readonly verdict: { code: number; chain: string } };
}

const raw: Codec<Uint8Array> = { write: (to, value) => to.raw(value), read: (from) => from.raw() };
const setAttributes = attrs({
  table: [1, text],
  name: [2, text],
  flags: [3, u32be],
  keyType: [4, u32be],
  keyLength: [5, u32be],
  dataType: [6, u32be],
  dataLength: [7, u32be],
  description: [9, attrs({ size: [1, u32be] })],
  id: [10, u32be],
});
const element = attrs({ key: [1, attrs({ value: [1, raw] })], data: [2, data] });
const elementList = attrs({ table: [1, text], set: [2, text], elements: [3, listOf(1, element)] });

/** A map, unless it is there. */
export function newMap(family: NftFamily, table: string, map: NftMap): Request {
  const { name, key, size } = map;
  const ofData =
    map.data === "verdict"
      ? { dataType: NFT_DATA_VERDICT }
      : { dataType: typeNumbers[map.data], dataLength: lengths[map.data] };
  return message("NFT_MSG_NEWSET", NFT_MSG_NEWSET, NLM_F_CREATE, family, `${table} ${name}`, (to) =>
    setAttributes.write(to, {
      table,
      name,
      flags: NFT_SET_MAP,
      keyType: key.reduce((type, part) => (type << typeBits) | typeNumbers[part], 0),
      keyLength: key.length === 1 ? lengthOf(key, 1) : lengthOf(key, 4),
      ...ofData,
      ...(size !== undefined && { description: { size } }),
      // Those of one batch are found by their names.
      id: 1,
    }),
  );
}

/** The map and its elements; no rule may ask it any more. */
export function deleteMap(family: NftFamily, table: string, name: string): Request {
  return message("NFT_MSG_DELSET", NFT_MSG_DELSET, 0, family, `${table} ${name}`, (to) =>
    setAttributes.write(to, { table, name }),
  );
}

/** Elements of a map; one that is there already is left as it is. Fails with EEXIST where a key leads elsewhere. */
export function newElements(
  family: NftFamily,
  table: string,
  set: string,
  elements: readonly MapElement[],
): Request[] {
  return inParts(elements, (part) =>
    message("NFT_MSG_NEWSETELEM", NFT_MSG_NEWSETELEM, NLM_F_CREATE, family, `${table} ${set}`, write(part)),
  );

  function write(part: readonly MapElement[]): (to: ByteWriter) => void {
    return (to) =>
      elementList.write(to, {
        table,
        set,
        elements: part.map(({ key, data: leadsTo }) => ({
          key: { value: key },
          ...(leadsTo !== undefined && { data: leadsTo }),
        })),
      });
  }
}

/** Takes elements out, by their keys. Fails with ENOENT where one is not there. */
export function deleteElements(
  family: NftFamily,
  table: string,
  set: string,
  keys: readonly Uint8Array[],
): Request[] {
  return inParts(keys, (part) =>
    message("NFT_MSG_DELSETELEM", NFT_MSG_DELSETELEM, 0, family, `${table} ${set}`, (to) =>
      elementList.write(to, { table, set, elements: part.map((key) => ({ key: { value: key } })) }),
    ),
  );
}

function inParts<T>(all: readonly T[], request: (part: readonly T[]) => Request): Request[] {
  const requests: Request[] = [];
  for (let at = 0; at < all.length; at += perMessage) requests.push(request(all.slice(at, at + perMessage)));
  return requests;
}

function lengthOf(parts: readonly KeyType[], multiple: number): number {
  return parts.reduce((sum, part) => sum + Math.ceil(lengths[part] / multiple) * multiple, 0);
}
