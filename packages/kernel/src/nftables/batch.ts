/**
 * Messages of nf_tables carried out as one transaction, without libnftables: linux/netfilter/nfnetlink.h (NFNL_MSG_BATCH_*).
 */
import { ByteWriter } from "../codec/bytes.ts";
import {
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_NETFILTER,
  NLM_F_ACK,
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

const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
// asm-generic/socket.h
const SO_SNDBUFFORCE = 32;

const outgoing = new ByteWriter();
const incoming = Buffer.alloc(64 * 1024);

/** Bytes of a batch, and of the answers to it, where they may be more than the machine's defaults hold (200 KiB). */
export interface BatchBuffers {
  readonly send: number;
  readonly receive: number;
}

/** Closing one after something was deleted through it waits for the kernel, about 15 ms: keep it, or {@link closeInTime}. */
export class NftBatches implements Disposable {
  readonly #socket: OwnedFd;
  #sequence = 0;

  /** @param namespace where the socket lives; default: the calling thread's */
  constructor(namespace?: NetNamespace, buffers?: BatchBuffers) {
    const open = () => openSocket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    const socket = namespace === undefined ? open() : namespace.run(open);
    this.#socket = orClose(socket, () => {
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) setIntOption(socket, SOL_NETLINK, option, 1);
      if (buffers === undefined) return;
      setIntOption(socket, SOL_SOCKET, SO_SNDBUFFORCE, buffers.send);
      growReceiveBuffer(socket, buffers.receive);
    });
  }

  /**
   * Carries everything out or, on an exception, nothing.
   *
   * @throws KernelError the first message that was refused
   */
  carryOut(requests: readonly Request[]): void {
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
    sendBytes(this.#socket, outgoing.storage, outgoing.length, "a batch of nftables messages");
    return first;
  }

  /** The kernel answers within send(): errors in the order of the messages, then the acknowledgement. */
  #readOutcome(requests: readonly Request[], first: number): KernelError | undefined {
    let failure: KernelError | undefined;
    let overrun: KernelError | undefined;
    for (;;) {
      const received = this.#receive();
      if (received === undefined) return failure ?? overrun;
      if (received instanceof KernelError) {
        // It is told before the rest: of very many refusals, the first ones are there.
        overrun = received;
        continue;
      }
      for (const message of readMessages(incoming, received)) {
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

  /** Undefined where nothing (more) is there to be read, an error where something found no room. */
  #receive(): number | KernelError | undefined {
    try {
      return receiveBytes(this.#socket, incoming, MSG_DONTWAIT, "netlink");
    } catch (error) {
      if (isKernelError(error, "EAGAIN")) return undefined;
      if (isKernelError(error, "ENOBUFS")) return error;
      throw error;
    }
  }

  /** Returns when the kernel has closed it; nothing else waits for that. */
  closeAside(): Promise<void> {
    return this.#socket.closeAside();
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

/** What is to be closed, the oldest first. */
const lingering = new Set<NftBatches>();
/** Milliseconds until the kernel has surely done away with what was deleted. */
const lingeringTime = 100;
/** More are not kept open: after so many other transactions, what the first one deleted is gone, too. */
const mostLingering = 64;

/** Has something done so many milliseconds later. */
export type Later = (milliseconds: number, action: () => void) => void;

/**
 * Closes it as soon as that need not wait any more, and where it must all the same, for others have deleted something since, aside.
 *
 * @param later for a thread without an event loop: it calls {@link closeLingering} at its end. Default: by setTimeout
 */
export function closeInTime(batches: NftBatches, later?: Later): void {
  const close = later === undefined ? closeAside : closeNow;
  lingering.add(batches);
  const [oldest] = lingering;
  if (lingering.size > mostLingering && oldest !== undefined) close(oldest);
  if (later === undefined) setTimeout(() => close(batches), lingeringTime).unref();
  else later(lingeringTime, () => close(batches));
}

/** A batch is one datagram: of thousands of rules, or of what all ports of a host lead to. */
const largeBuffers: BatchBuffers = { send: 64 * 1024 * 1024, receive: 1024 * 1024 };

/**
 * Carries everything out, however much, or on an exception nothing, in the namespace that the calling thread is in.
 *
 * @throws KernelError the first message that was refused
 */
export function carryOutHere(requests: readonly Request[]): void {
  const batches = new NftBatches(undefined, largeBuffers);
  try {
    batches.carryOut(requests);
  } finally {
    closeInTime(batches);
  }
}

/** Closes those of the calling thread that are still open, and waits for the kernel if need be. */
export function closeLingering(): void {
  for (const batches of lingering) closeNow(batches);
}

function closeAside(batches: NftBatches): void {
  lingering.delete(batches);
  void batches.closeAside();
}

function closeNow(batches: NftBatches): void {
  lingering.delete(batches);
  batches[Symbol.dispose]();
}

/** The same request, whose bytes are made once: for one that is sent again and again. */
export function writtenOnce(request: Request): Request {
  const to = new ByteWriter();
  request.body(to);
  const bytes = Uint8Array.from(to.bytes);
  return { ...request, body: (message) => message.raw(bytes) };
}

function batchEdge(type: number): Request {
  return {
    operation: "nf_tables batch",
    subject: "of messages",
    type,
    flags: 0,
    body: (to) => netfilterHeader.write(to, { resource: NFNL_SUBSYS_NFTABLES }),
  };
}

const batchBegin = batchEdge(NFNL_MSG_BATCH_BEGIN);
const batchEnd = batchEdge(NFNL_MSG_BATCH_END);
