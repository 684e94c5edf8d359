/**
 * Netlink messages: the header (struct nlmsghdr), requests as data, and answers taken apart.
 */

import { attrs } from "../codec/attrs.ts";
import { ByteReader, type ByteWriter, DecodeError } from "../codec/bytes.ts";
import { text, u32 } from "../codec/codec.ts";
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_REQUEST } from "./constants.ts";

const messageHeaderLength = 16;

/** One message to the kernel. Building it costs no system call; NetlinkSocket sends it, alone or with others. */
export interface Request {
  /** The message's name for errors, such as `RTM_NEWLINK`. */
  readonly operation: string;
  /** What it is about, for errors: an interface, an address. */
  readonly subject: string;
  readonly type: number;
  /** NLM_F_*, without NLM_F_REQUEST. */
  readonly flags: number;
  /** Writes what follows the header. */
  body(to: ByteWriter): void;
}

/** A request that is answered with objects: one, or with NLM_F_DUMP a table of them. */
export interface Query<T> extends Request {
  /** Takes an answer's payload apart. `type` is the answer's message type. */
  decode(payload: ByteReader, type: number): T;
}

/** A message as received. `payload` is valid until the next receive on any socket. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: ByteReader;
  /** Of an event: the number that the listening namespace has for the one that it is of; undefined where they are the same. */
  readonly namespaceId?: number | undefined;
}

export function writeMessage(to: ByteWriter, request: Request, extraFlags: number, sequence: number): void {
  const start = to.length;
  to.u32(0);
  to.u16(request.type);
  to.u16(request.flags | extraFlags | NLM_F_REQUEST);
  to.u32(sequence);
  to.u32(0);
  request.body(to);
  to.patchU32(start, to.length - start);
  to.align(4);
}

/** The messages of one datagram, one after the other. */
export function* readMessages(buffer: Buffer, length: number): Generator<Message> {
  const from = new ByteReader(buffer, 0, length);
  while (from.remaining >= messageHeaderLength) {
    const size = from.u32();
    const type = from.u16();
    const flags = from.u16();
    const sequence = from.u32();
    from.skip(4);
    if (size < messageHeaderLength) throw new DecodeError(`a netlink message claims a length of ${size}`);
    yield { type, flags, sequence, payload: from.slice(size - messageHeaderLength) };
    from.skip(Math.min(-size & 3, from.remaining));
  }
}

/** NLMSG_ERROR's attributes, enum nlmsgerr_attrs. */
const acknowledgementAttributes = attrs({ message: [1, text], offset: [2, u32] });

export interface Acknowledgement {
  /** Positive errno; 0 is success. */
  readonly errno: number;
  /** Extended acknowledgement text. */
  readonly message: string | undefined;
}

/** Reads the payload of NLMSG_ERROR (an errno of 0 acknowledges). */
export function readAcknowledgement({ flags, payload }: Message): Acknowledgement {
  const errno = -payload.i32();
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, message: undefined };
  // Behind the errno stands the request: its header only (NLM_F_CAPPED) or all of it.
  const requestLength = payload.u32();
  payload.skip(messageHeaderLength - 4);
  if ((flags & NLM_F_CAPPED) === 0) {
    payload.skip(Math.min(((requestLength + 3) & ~3) - messageHeaderLength, payload.remaining));
  }
  return { errno, message: acknowledgementAttributes.read(payload).message };
}
