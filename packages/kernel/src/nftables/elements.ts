/**
 * Elements of named sets and maps, added and removed by netlink messages of our own in one atomic batch (batch.ts):
 * linux/netfilter/nf_tables.h.
 *
 * For what is done again and again: libnftables asks for every set of the machine before it adds an element to one of them
 * (0.2 ms with 25 sets), a batch is one send. Intervals are for libnftables: the kernel wants them cut into ends.
 */
import { writeAttribute } from "../codec/attrs.ts";
import type { ByteWriter } from "../codec/bytes.ts";
import { text } from "../codec/codec.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/constants.ts";
import type { Request } from "../netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES, netfilterHeader } from "../netlink/netfilter.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { NftBatches } from "./batch.ts";
import { type NftDataType, writeData } from "./datatypes.ts";
import { families, type NftFamily } from "./families.ts";

/** A named set or map, as far as its elements' bytes go. */
export interface NftSet {
  readonly family: NftFamily;
  readonly table: string;
  readonly name: string;
  readonly key: readonly NftDataType[];
  /** The types of a map's data. */
  readonly data?: readonly NftDataType[];
}

export interface NftElement {
  readonly set: NftSet;
  readonly key: readonly string[];
  /** What the key leads to in a map; not needed for removing. */
  readonly data?: readonly string[];
}

export interface NftElementChange {
  /** Carried out first. */
  readonly remove: readonly NftElement[];
  readonly add: readonly NftElement[];
}

// linux/netfilter/nf_tables.h
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_DATA = 2;
const NFTA_DATA_VALUE = 1;
/** A batch is one datagram; the default send buffer ends at 200 KiB, about 1,500 elements. */
const buffers = {
  send: 32 * 1024 * 1024,
  // Each message of a batch that fails is answered, whatever the machine's net.core.rmem_default.
  receive: 1024 * 1024,
};
/** An attribute's length is 16 bits: the elements of one message must stay below, with room for one more. */
const largestList = 60_000;

export class NftElements implements Disposable {
  readonly #batches: NftBatches;

  /** @param namespace where the socket lives; default: the calling thread's */
  constructor(namespace?: NetNamespace) {
    this.#batches = new NftBatches(namespace, buffers);
  }

  /**
   * Carries everything out or, on an exception, nothing.
   *
   * @throws KernelError ENOENT (removing what is not there, or there is no such set), EEXIST (the key leads elsewhere)
   */
  change({ remove, add }: NftElementChange): void {
    this.#batches.carryOut([
      ...messages("NFT_MSG_DELSETELEM", NFT_MSG_DELSETELEM, 0, remove),
      ...messages("NFT_MSG_NEWSETELEM", NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, add),
    ]);
  }

  [Symbol.dispose](): void {
    this.#batches[Symbol.dispose]();
  }
}

/** One message for a run of elements of the same set, or several where they do not fit into one. */
function messages(
  operation: string,
  type: number,
  flags: number,
  elements: readonly NftElement[],
): Request[] {
  const requests: Request[] = [];
  for (const [set, ofSet] of bySet(elements)) {
    const perMessage = Math.floor(largestList / elementSize(set));
    for (let start = 0; start < ofSet.length; start += perMessage) {
      const part = ofSet.slice(start, start + perMessage);
      requests.push({
        operation,
        subject: `${set.family} ${set.table} ${set.name}`,
        type: (NFNL_SUBSYS_NFTABLES << 8) | type,
        flags,
        body: (to) => writeElements(to, set, part, type === NFT_MSG_NEWSETELEM),
      });
    }
  }
  return requests;
}

function bySet(elements: readonly NftElement[]): Map<NftSet, NftElement[]> {
  const groups = new Map<NftSet, NftElement[]>();
  for (const element of elements) {
    const group = groups.get(element.set);
    if (group === undefined) groups.set(element.set, [element]);
    else group.push(element);
  }
  return groups;
}

/** At most: 16 bytes a part, and the headers of five attributes. */
const elementSize = (set: NftSet) => (set.key.length + (set.data?.length ?? 0)) * 16 + 20;

function writeElements(
  to: ByteWriter,
  set: NftSet,
  elements: readonly NftElement[],
  withData: boolean,
): void {
  netfilterHeader.write(to, { family: families[set.family] });
  writeAttribute(to, NFTA_SET_ELEM_LIST_TABLE, () => text.write(to, set.table));
  writeAttribute(to, NFTA_SET_ELEM_LIST_SET, () => text.write(to, set.name));
  writeAttribute(to, NFTA_SET_ELEM_LIST_ELEMENTS, () => {
    for (const { key, data } of elements) {
      writeAttribute(to, NFTA_LIST_ELEM, () => {
        writeValue(to, NFTA_SET_ELEM_KEY, set.key, key);
        if (withData && set.data !== undefined) writeValue(to, NFTA_SET_ELEM_DATA, set.data, data ?? []);
      });
    }
  });
}

function writeValue(
  to: ByteWriter,
  type: number,
  types: readonly NftDataType[],
  parts: readonly string[],
): void {
  writeAttribute(to, type, () => writeAttribute(to, NFTA_DATA_VALUE, () => writeData(to, types, parts)));
}
