/**
 * Elements of named sets and maps, added and removed by netlink messages of our own in one atomic batch:
 * linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h.
 *
 * For what is done again and again: libnftables asks for every set of the machine before it adds an element to one of them
 * (0.2 ms with 25 sets), a batch is one send. Intervals are for libnftables: the kernel wants them cut into ends.
 */
import { writeAttribute } from "../codec/attrs.ts";
import { ByteWriter } from "../codec/bytes.ts";
import { text } from "../codec/codec.ts";
import {
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_NETFILTER,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLMSG_ERROR,
  SOL_NETLINK,
} from "../netlink/constants.ts";
import { answered } from "../netlink/gate.ts";
import { type Request, readAcknowledgement, readMessages, writeMessage } from "../netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES, netfilterHeader } from "../netlink/netfilter.ts";
import { isKernelError, KernelError } from "../sys/errors.ts";
import type { OwnedFd } from "../sys/fd.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import {
  AF_NETLINK,
  growReceiveBuffer,
  MSG_DONTWAIT,
  openSocket,
  orClose,
  receiveBytes,
  SOCK_RAW,
  SOL_SOCKET,
  sendBytes,
  setIntOption,
} from "../sys/socket.ts";
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

// linux/netfilter/nfnetlink.h
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
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
// asm-generic/socket.h
const SO_SNDBUFFORCE = 32;

/** A batch is one datagram; the default send buffer ends at 200 KiB, about 1,500 elements. */
const largestBatch = 32 * 1024 * 1024;
/** Each message of a batch that fails is answered, whatever the machine's net.core.rmem_default. */
const receiveBuffer = 1024 * 1024;
/** An attribute's length is 16 bits: the elements of one message must stay below, with room for one more. */
const largestList = 60_000;

const outgoing = new ByteWriter();
const incoming = Buffer.alloc(64 * 1024);

export class NftElements implements Disposable {
  readonly #socket: OwnedFd;
  #sequence = 0;

  /** @param namespace where the socket lives; default: the calling thread's */
  constructor(namespace?: NetNamespace) {
    const open = () => openSocket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    const socket = namespace === undefined ? open() : namespace.run(open);
    this.#socket = orClose(socket, () => {
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) setIntOption(socket, SOL_NETLINK, option, 1);
      setIntOption(socket, SOL_SOCKET, SO_SNDBUFFORCE, largestBatch);
      growReceiveBuffer(socket, receiveBuffer);
    });
  }

  /**
   * Carries everything out or, on an exception, nothing.
   *
   * @throws KernelError ENOENT (removing what is not there, or there is no such set), EEXIST (the key leads elsewhere)
   */
  change({ remove, add }: NftElementChange): void {
    const requests = [
      ...messages("NFT_MSG_DELSETELEM", NFT_MSG_DELSETELEM, 0, remove),
      ...messages("NFT_MSG_NEWSETELEM", NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, add),
    ];
    const [leading] = requests;
    if (leading === undefined) return;
    const failure = answered(leading, () => this.#readOutcome(requests, this.#send(requests)));
    if (failure !== undefined) throw failure;
  }

  /** Answers the sequence number of the message that begins the batch. */
  #send(requests: readonly Request[]): number {
    const first = this.#sequence + 1;
    this.#sequence = first + requests.length + 1;
    outgoing.clear();
    writeMessage(outgoing, batchBegin, 0, first);
    for (const [at, request] of requests.entries()) {
      // The last one's acknowledgement tells that the batch was carried out; errors come unasked.
      writeMessage(outgoing, request, at === requests.length - 1 ? NLM_F_ACK : 0, first + 1 + at);
    }
    writeMessage(outgoing, batchEnd, 0, this.#sequence);
    sendBytes(this.#socket, outgoing.storage, outgoing.length, "a batch of nftables elements");
    return first;
  }

  /** The kernel answers within send(): errors in the order of the messages, then the acknowledgement. */
  #readOutcome(requests: readonly Request[], first: number): KernelError | undefined {
    let failure: KernelError | undefined;
    for (;;) {
      const length = this.#receive();
      if (length === undefined) return failure;
      for (const message of readMessages(incoming, length)) {
        if (message.type !== NLMSG_ERROR || message.sequence < first) continue;
        const { errno, message: kernelMessage } = readAcknowledgement(message);
        if (errno === 0 && failure === undefined) return undefined;
        if (errno === 0 || failure !== undefined) continue;
        const { operation, subject } = requests[message.sequence - first - 1] ?? batchBegin;
        failure = new KernelError({
          operation,
          subject,
          errno,
          ...(kernelMessage === undefined ? {} : { kernelMessage }),
        });
      }
    }
  }

  /** Undefined where nothing (more) is there to be read. */
  #receive(): number | undefined {
    try {
      return receiveBytes(this.#socket, incoming, MSG_DONTWAIT, "netlink");
    } catch (error) {
      if (isKernelError(error, "EAGAIN")) return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

function batchEdge(type: number): Request {
  return {
    operation: "nf_tables batch",
    subject: "of elements",
    type,
    flags: 0,
    body: (to) => netfilterHeader.write(to, { resource: NFNL_SUBSYS_NFTABLES }),
  };
}

const batchBegin = batchEdge(NFNL_MSG_BATCH_BEGIN);
const batchEnd = batchEdge(NFNL_MSG_BATCH_END);

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
