/**
 * The elements of a named set or map as the kernel has them, dumped by netlink: linux/netfilter/nf_tables.h
 * (NFT_MSG_GETSETELEM). For who compares thousands of them: libnftables takes ten times as long.
 */
import { attrs, readAttributes, writeAttribute } from "../codec/attrs.ts";
import type { ByteReader } from "../codec/bytes.ts";
import { text, u32be } from "../codec/codec.ts";
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import type { Query } from "../netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES, netfilterHeader } from "../netlink/netfilter.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { readData } from "./datatypes.ts";
import type { NftSet } from "./elements.ts";
import { families } from "./families.ts";

export interface ListedElement {
  readonly key: readonly string[];
  /** Of an interval of a concatenation: the last key in it. */
  readonly lastKey: readonly string[] | undefined;
  /** In a set of intervals of one part: the interval before it ends here, and this key is not in it. */
  readonly endsInterval: boolean;
  /** What the key leads to in a map; of a verdict map, the verdict: `accept`, `goto nat`. */
  readonly data: readonly string[] | undefined;
}

const NFT_MSG_GETSETELEM = 13;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_DATA = 2;
const NFTA_SET_ELEM_FLAGS = 3;
const NFTA_SET_ELEM_KEY_END = 10;
const NFTA_DATA_VALUE = 1;
const NFT_SET_ELEM_INTERVAL_END = 1;

const verdict = attrs({ code: [1, u32be], chain: [2, text] });
/** NF_* of linux/netfilter.h, NFT_* of linux/netfilter/nf_tables.h, as unsigned numbers. */
const verdictNames: Readonly<Record<number, string>> = {
  0: "drop",
  1: "accept",
  [2 ** 32 - 1]: "continue",
  [2 ** 32 - 2]: "break",
  [2 ** 32 - 3]: "jump",
  [2 ** 32 - 4]: "goto",
  [2 ** 32 - 5]: "return",
};

export class NftElementLister extends NetlinkSocket {
  /** @param namespace where the socket lives; default: the calling thread's */
  constructor(namespace?: NetNamespace) {
    super(NETLINK_NETFILTER, namespace);
  }

  /**
   * All elements, in the kernel's order.
   *
   * @throws KernelError ENOENT where there is no such set
   */
  list(set: NftSet): readonly ListedElement[] {
    return this.dump(elementsOf(set)).flat();
  }
}

function elementsOf(set: NftSet): Query<readonly ListedElement[]> {
  return {
    operation: "NFT_MSG_GETSETELEM",
    subject: `${set.family} ${set.table} ${set.name}`,
    type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM,
    flags: 0,
    body(to) {
      netfilterHeader.write(to, { family: families[set.family] });
      writeAttribute(to, NFTA_SET_ELEM_LIST_TABLE, () => text.write(to, set.table));
      writeAttribute(to, NFTA_SET_ELEM_LIST_SET, () => text.write(to, set.name));
    },
    decode(payload) {
      const elements: ListedElement[] = [];
      netfilterHeader.read(payload);
      readAttributes(payload, (type, list) => {
        if (type !== NFTA_SET_ELEM_LIST_ELEMENTS) return;
        readAttributes(list, (_, element) => elements.push(readElement(set, element)));
      });
      return elements;
    },
  };
}

function readElement(set: NftSet, from: ByteReader): ListedElement {
  let key: readonly string[] = [];
  let lastKey: readonly string[] | undefined;
  let data: readonly string[] | undefined;
  let flags = 0;
  readAttributes(from, (type, payload) => {
    if (type === NFTA_SET_ELEM_KEY) key = readValue(payload, set.key) ?? [];
    else if (type === NFTA_SET_ELEM_KEY_END) lastKey = readValue(payload, set.key);
    else if (type === NFTA_SET_ELEM_DATA) data = readValue(payload, set.data ?? []);
    else if (type === NFTA_SET_ELEM_FLAGS) flags = payload.u32be();
  });
  return { key, lastKey, data, endsInterval: (flags & NFT_SET_ELEM_INTERVAL_END) !== 0 };
}

/** A value of these types, or a verdict. */
function readValue(from: ByteReader, types: NftSet["key"]): readonly string[] | undefined {
  let value: readonly string[] | undefined;
  readAttributes(from, (type, payload) => {
    value = type === NFTA_DATA_VALUE ? readData(payload, types) : [verdictText(payload)];
  });
  return value;
}

function verdictText(from: ByteReader): string {
  const { code = 0, chain } = verdict.read(from);
  const name = verdictNames[code] ?? String(code);
  return chain === undefined ? name : `${name} ${chain}`;
}
