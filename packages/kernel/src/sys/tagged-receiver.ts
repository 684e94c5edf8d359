/**
 * Receiving with what the kernel says of a datagram beside it: recvmsg(2), cmsg(3). Of the control messages one kind is read, an
 * int of one level and type.
 */
import { constants } from "node:os";
import { KernelError } from "./errors.ts";
import type { OwnedFd } from "./fd.ts";
import { addressOf, lastErrno, libc, pinnedMemory } from "./libc.ts";
import { MSG_DONTWAIT } from "./socket.ts";

/** Which control message is meant. */
export interface ControlKind {
  readonly level: number;
  readonly type: number;
}

export interface TaggedDatagram {
  /** Valid until the next receive; cut off at 64 KiB. */
  readonly bytes: Buffer;
  /** The control message's value; undefined where there was none. */
  readonly tag: number | undefined;
}

// struct msghdr on a 64-bit machine: name, iov, control, each with its length, and flags.
const messageHeaderLength = 56;
const controlAt = 32;
const controlLengthAt = 40;
// struct cmsghdr: length, level, type.
const controlHeaderLength = 16;

export class TaggedReceiver implements Disposable {
  readonly #socket: OwnedFd;
  readonly #kind: ControlKind;
  readonly #data = pinnedMemory(64 * 1024);
  readonly #control = pinnedMemory(64);
  readonly #vector = pinnedMemory(16);
  readonly #header = pinnedMemory(messageHeaderLength);

  /** Takes over the socket. */
  constructor(socket: OwnedFd, kind: ControlKind) {
    this.#socket = socket;
    this.#kind = kind;
    this.#vector.writeBigUInt64LE(addressOf(this.#data));
    this.#vector.writeBigUInt64LE(BigInt(this.#data.length), 8);
    this.#header.writeBigUInt64LE(addressOf(this.#vector), 16);
    this.#header.writeBigUInt64LE(1n, 24);
    this.#header.writeBigUInt64LE(addressOf(this.#control), controlAt);
  }

  /**
   * The next datagram; undefined where none waits.
   *
   * @throws KernelError ENOBUFS where the kernel lost some
   */
  receive(): TaggedDatagram | undefined {
    this.#header.writeBigUInt64LE(BigInt(this.#control.length), controlLengthAt);
    const length = libc.recvmsg(this.#socket.fd, this.#header, MSG_DONTWAIT);
    if (length >= 0) return { bytes: this.#data.subarray(0, length), tag: this.#tag() };
    const errno = lastErrno();
    if (errno === constants.errno.EAGAIN) return undefined;
    throw new KernelError({ operation: "recvmsg", errno });
  }

  #tag(): number | undefined {
    const end = Number(this.#header.readBigUInt64LE(controlLengthAt));
    for (let at = 0; at + controlHeaderLength + 4 <= end; ) {
      const length = Number(this.#control.readBigUInt64LE(at));
      const { level, type } = this.#kind;
      if (this.#control.readInt32LE(at + 8) === level && this.#control.readInt32LE(at + 12) === type) {
        return this.#control.readInt32LE(at + controlHeaderLength);
      }
      at += Math.max(controlHeaderLength, (length + 7) & ~7);
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}
