/**
 * Maps and their elements as messages of nf_tables, for a batch (batch.ts) that makes rules, too: linux/netfilter/nf_tables.h
 * (NFTA_SET_*, NFTA_SET_ELEM_*).
 */
import { attrs, listOf } from "../codec/attrs.ts";
import type { ByteWriter } from "../codec/bytes.ts";
import { text, u32be, type ValueOf } from "../codec/codec.ts";
import { NLM_F_CREATE } from "../netlink/constants.ts";
import type { Query, Request } from "../netlink/message.ts";
import { netfilterHeader } from "../netlink/netfilter.ts";
import { data, numberBytes, raw } from "./expressions.ts";
import type { NftFamily } from "./families.ts";
import { message } from "./table-messages.ts";

const NFT_MSG_NEWSET = 9;
const NFT_MSG_DELSET = 11;
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_GETSETELEM = 13;
const NFT_MSG_DELSETELEM = 14;
const NFT_SET_ANONYMOUS = 1;
const NFT_SET_CONSTANT = 2;
const NFT_SET_MAP = 8;
/** As nft(8) numbers its types, in src/datatype.h: it lists by them. */
const typeNumbers = {
  integer: 4,
  ipv4_addr: 7,
  ipv6_addr: 8,
  inet_proto: 12,
  inet_service: 13,
  mark: 19,
} as const;
const typeBits = 6;
const NFT_DATA_VERDICT = 0xffff_ff00;
/** NFTNL_UDATA_SET_KEYBYTEORDER (0), a length, BYTEORDER_HOST_ENDIAN of nft's include/datatype.h: how nft lists integers. */
const hostByteOrder = Uint8Array.of(0, 4, ...numberBytes(1));
/** An attribute's length is 16 bits. */
const perMessage = 1000;

type KeyType = keyof typeof typeNumbers;

const lengths: Readonly<Record<KeyType, number>> = {
  integer: 4,
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
  readonly data: KeyType | readonly KeyType[] | "verdict";
  /** How many elements it is made for: the kernel chooses by it. Absent: it grows. */
  readonly size?: number;
  /** Of one that belongs to a rule, goes with it and never changes: what the messages of the batch know it by. From 2 on. */
  readonly id?: number;
}

/** Of a map that belongs to a rule: the kernel puts a number into it. */
export const ofRule = "__map%d";

/** What a key leads to: bytes, or a verdict ({@link goTo} of expressions.ts). */
export interface MapElement {
  readonly key: Uint8Array;
  readonly data?: { readonly value: Uint8Array } | { readonly verdict: { code: number; chain: string } };
}

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
  userData: [13, raw],
});
const element = attrs({ key: [1, attrs({ value: [1, raw] })], data: [2, data] });
const elementList = attrs({
  table: [1, text],
  set: [2, text],
  elements: [3, listOf(1, element)],
  setId: [4, u32be],
});

/** A map, unless it is there. */
export function newMap(family: NftFamily, table: string, map: NftMap): Request {
  const { name, key, size, id } = map;
  const parts = typeof map.data === "string" ? [map.data] : map.data;
  const types = parts.filter((part) => part !== "verdict");
  const ofData =
    map.data === "verdict"
      ? { dataType: NFT_DATA_VERDICT }
      : { dataType: typeOf(types), dataLength: lengthOf(types) };
  return message("NFT_MSG_NEWSET", NFT_MSG_NEWSET, NLM_F_CREATE, family, `${table} ${name}`, (to) =>
    setAttributes.write(to, {
      table,
      name,
      flags: NFT_SET_MAP | (id === undefined ? 0 : NFT_SET_ANONYMOUS | NFT_SET_CONSTANT),
      keyType: typeOf(key),
      keyLength: lengthOf(key),
      ...ofData,
      ...(size !== undefined && { description: { size } }),
      // Those of one batch that have a name are found by it.
      id: id ?? 1,
      ...(key.includes("integer") && { userData: hostByteOrder }),
    }),
  );
}

/** The map and its elements; no rule may ask it any more. */
export function deleteMap(family: NftFamily, table: string, name: string): Request {
  return message("NFT_MSG_DELSET", NFT_MSG_DELSET, 0, family, `${table} ${name}`, (to) =>
    setAttributes.write(to, { table, name }),
  );
}

/**
 * Elements of a map; one that is there already is left as it is. Fails with EEXIST where a key leads elsewhere.
 *
 * @param id of a map that belongs to a rule
 */
export function newElements(
  family: NftFamily,
  table: string,
  set: string,
  elements: readonly MapElement[],
  id?: number,
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
        ...(id !== undefined && { setId: id }),
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

/** All elements of a map, some with each answer. Fails with ENOENT where it is not there. */
export function listElements(family: NftFamily, table: string, set: string): Query<readonly MapElement[]> {
  return {
    ...message("NFT_MSG_GETSETELEM", NFT_MSG_GETSETELEM, 0, family, `${table} ${set}`, (to) =>
      elementList.write(to, { table, set }),
    ),
    decode(payload) {
      netfilterHeader.read(payload);
      const { elements = [] } = elementList.read(payload);
      return elements.map(({ key, data: leadsTo }) => ({
        key: key?.value ?? new Uint8Array(),
        ...dataOf(leadsTo),
      }));
    },
  };
}

function dataOf(found: ValueOf<typeof data> | undefined): Pick<MapElement, "data"> {
  const { value, verdict } = found ?? {};
  if (value !== undefined) return { data: { value } };
  return verdict === undefined
    ? {}
    : { data: { verdict: { code: verdict.code ?? 0, chain: verdict.chain ?? "" } } };
}

function inParts<T>(all: readonly T[], request: (part: readonly T[]) => Request): Request[] {
  const requests: Request[] = [];
  for (let at = 0; at < all.length; at += perMessage) requests.push(request(all.slice(at, at + perMessage)));
  return requests;
}

function typeOf(parts: readonly KeyType[]): number {
  return parts.reduce((type, part) => (type << typeBits) | typeNumbers[part], 0);
}

/** Each part of several fills a multiple of 4 bytes. */
function lengthOf(parts: readonly KeyType[]): number {
  const multiple = parts.length === 1 ? 1 : 4;
  return parts.reduce((sum, part) => sum + Math.ceil(lengths[part] / multiple) * multiple, 0);
}
