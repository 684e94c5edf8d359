/**
 * Datagrams received and answered by the batch on non-blocking UDP sockets: recvmmsg(2), sendmmsg(2). Everything that the kernel
 * is told lies in one pinned memory, laid out once; a datagram costs a few writes of numbers, and nothing is allocated for it.
 *
 * One batch serves any number of sockets of one thread, one after the other:
 *
 *     const count = batch.receive(fd);
 *     for (let slot = 0; slot < count; slot++) {
 *       // Question: batch.bytes, from batch.receivedAt(slot), batch.receivedLength(slot) of them.
 *       // Answer: written to batch.bytes from batch.answerAt(slot) on.
 *       batch.reply(slot, length);
 *     }
 *     batch.flush(fd);
 */
import { constants } from "node:os";
import { KernelError } from "./errors.ts";
import { addressNumberOf, lastErrno, libc, pinnedMemory } from "./libc.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL, MSG_TRUNC } from "./socket.ts";

// struct mmsghdr on a 64-bit machine: struct msghdr (56 bytes) and the length, padded. Offsets in words of 32 bits.
const headerWords = 16;
const nameWord = 0;
const nameLengthWord = 2;
const vectorWord = 4;
const vectorLengthWord = 6;
const flagsWord = 12;
const lengthWord = 14;
// struct iovec: base and length of 64 bits each.
const vectorWords = 4;
/** struct sockaddr_in6 is 28 bytes, sockaddr_in 16. */
const longestName = 28;
const nameWords = 8;

const bytesPerWord = 4;
/** Each area begins at a cache line of its own. */
const alignment = 64;
const wordRange = 2 ** 32;

const { EAGAIN, EBADF, EFAULT, EINTR, ENOBUFS, ENOMEM, ENOTSOCK } = constants.errno;
/** Nothing that a datagram can bring about: EINVAL can, by coming from port 0. */
const mistakes: readonly number[] = [EBADF, EFAULT, ENOTSOCK];
/** The kernel has no room for more at the moment. */
const shortages: readonly number[] = [EAGAIN, ENOBUFS, ENOMEM];
/** A socket keeps one error of an earlier datagram (ICMP), and tells it once; so many are passed over in one call. */
const passedOver = 4;

export interface DatagramBatchSizes {
  /** Datagrams at a time, at most. Default: 64. */
  readonly slots?: number;
  /** Bytes of a datagram that are kept. */
  readonly receive: number;
  /** Bytes of an answer, at most. */
  readonly answer: number;
}

export class DatagramBatch {
  /** Where all datagrams and answers are. */
  readonly bytes: Buffer;
  readonly slots: number;
  /** Bytes of an answer, at most. */
  readonly answerSize: number;
  readonly #words: Uint32Array;
  readonly #layout: Layout;
  readonly #address: number;
  #received = 0;
  #queued = 0;
  #dropped = 0;

  constructor({ slots = 64, receive, answer }: DatagramBatchSizes) {
    this.slots = slots;
    this.answerSize = answer;
    this.#layout = layOut(slots, receive, answer);
    this.bytes = pinnedMemory(this.#layout.size);
    this.#words = new Uint32Array(this.bytes.buffer);
    this.#address = addressNumberOf(this.bytes);
    for (let slot = 0; slot < slots; slot++) this.#prepare(slot, receive);
  }

  /** Answers that could not be sent, so far: there was no room, or the kernel refused them (a filter, no route). */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Takes the datagrams that wait, as many as there are slots. Answers that were queued and not flushed are forgotten.
   *
   * @returns how many: slots 0 to that number hold them; 0 where none waits
   * @throws KernelError where the descriptor is no socket. An ICMP error of an earlier datagram is no error of this call.
   */
  receive(fd: number): number {
    this.#queued = 0;
    const words = this.#words;
    const { receiveHeaders } = this.#layout;
    // The kernel has written how long the senders' names were: how long they may be is to stand there.
    for (let slot = 0, at = receiveHeaders; slot < this.#received; slot++, at += headerWords) {
      words[at + nameLengthWord] = longestName;
    }
    this.#received = 0;
    const vector = this.#address + receiveHeaders * bytesPerWord;
    for (let attempt = 0; ; attempt++) {
      const count = libc.recvmmsg(fd, vector, this.slots, MSG_DONTWAIT, null);
      if (count >= 0) {
        this.#received = count;
        return count;
      }
      const errno = lastErrno();
      if (errno === EINTR) continue;
      if (mistakes.includes(errno)) throw new KernelError({ operation: "recvmmsg", errno });
      if (shortages.includes(errno) || attempt === passedOver) return 0;
    }
  }

  /** Where in {@link bytes} a received datagram begins. */
  receivedAt(slot: number): number {
    return this.#layout.received + slot * this.#layout.receivedStride;
  }

  /** Its bytes that are there. */
  receivedLength(slot: number): number {
    return this.#words[this.#receiveHeader(slot) + lengthWord] ?? 0;
  }

  /** True where the datagram was longer than a slot: the rest is lost. */
  isTruncated(slot: number): boolean {
    return ((this.#words[this.#receiveHeader(slot) + flagsWord] ?? 0) & MSG_TRUNC) !== 0;
  }

  /** Who sent it, a struct sockaddr_in or sockaddr_in6: a copy, to answer later by sendDatagramTo() (transfer.ts). */
  senderOf(slot: number): Uint8Array {
    const start = this.#nameOf(slot) * bytesPerWord;
    const length = this.#words[this.#receiveHeader(slot) + nameLengthWord] ?? 0;
    return new Uint8Array(this.bytes.subarray(start, start + Math.min(length, longestName)));
  }

  /** The port that it was sent from. */
  senderPort(slot: number): number {
    return this.bytes.readUInt16BE(this.#nameOf(slot) * bytesPerWord + 2);
  }

  /** Where in {@link bytes} a slot's answer is to be written. */
  answerAt(slot: number): number {
    return this.#layout.answers + slot * this.#layout.answerStride;
  }

  /** Queues a slot's answer, its first `length` bytes, to whoever sent the datagram in it. Once a slot. */
  reply(slot: number, length: number): void {
    if (length > this.answerSize || this.#queued >= this.slots) {
      throw new RangeError(`an answer of ${length} bytes, the ${this.#queued + 1}th of the batch`);
    }
    const words = this.#words;
    const vector = this.#layout.vectors + this.#queued * vectorWords;
    const header = this.#layout.sendHeaders + this.#queued * headerWords;
    this.#pointTo(header + nameWord, this.#nameOf(slot) * bytesPerWord);
    words[header + nameLengthWord] = words[this.#receiveHeader(slot) + nameLengthWord] ?? 0;
    this.#pointTo(vector, this.answerAt(slot));
    words[vector + 2] = length;
    this.#queued++;
  }

  /**
   * Sends what is queued. What cannot be sent now is dropped and counted: the asker will ask again.
   *
   * @returns how many were sent
   * @throws KernelError where the descriptor is no socket
   */
  flush(fd: number): number {
    const total = this.#queued;
    this.#queued = 0;
    let done = 0;
    let sent = 0;
    /** Whether the datagram whose turn it is was refused before: the refusal may have been an earlier one's. */
    let again = false;
    while (done < total) {
      const vector = this.#address + (this.#layout.sendHeaders + done * headerWords) * bytesPerWord;
      const count = libc.sendmmsg(fd, vector, total - done, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count > 0) {
        done += count;
        sent += count;
        again = false;
        continue;
      }
      const errno = lastErrno();
      if (errno === EINTR) continue;
      if (mistakes.includes(errno)) throw new KernelError({ operation: "sendmmsg", errno });
      if (shortages.includes(errno)) break;
      if (again) done++;
      again = !again;
    }
    this.#dropped += total - sent;
    return sent;
  }

  #receiveHeader(slot: number): number {
    return this.#layout.receiveHeaders + slot * headerWords;
  }

  #nameOf(slot: number): number {
    return this.#layout.names + slot * nameWords;
  }

  /** What never changes of a slot's headers and vectors. */
  #prepare(slot: number, receive: number): void {
    const words = this.#words;
    const vector = this.#layout.receiveVectors + slot * vectorWords;
    this.#pointTo(vector, this.receivedAt(slot));
    words[vector + 2] = receive;
    const header = this.#receiveHeader(slot);
    this.#pointTo(header + nameWord, this.#nameOf(slot) * bytesPerWord);
    words[header + nameLengthWord] = longestName;
    this.#pointTo(header + vectorWord, vector * bytesPerWord);
    words[header + vectorLengthWord] = 1;
    const sendHeader = this.#layout.sendHeaders + slot * headerWords;
    this.#pointTo(sendHeader + vectorWord, (this.#layout.vectors + slot * vectorWords) * bytesPerWord);
    words[sendHeader + vectorLengthWord] = 1;
  }

  /** Writes the address of one of {@link bytes} to a word and the next. */
  #pointTo(word: number, byte: number): void {
    const address = this.#address + byte;
    this.#words[word] = address % wordRange;
    this.#words[word + 1] = Math.floor(address / wordRange);
  }
}

/** Where what is: headers, vectors and names in words, what is received and answered in bytes. */
interface Layout {
  readonly receiveHeaders: number;
  readonly sendHeaders: number;
  readonly receiveVectors: number;
  /** Of answers. */
  readonly vectors: number;
  readonly names: number;
  readonly received: number;
  readonly receivedStride: number;
  readonly answers: number;
  readonly answerStride: number;
  /** Of all, in bytes. */
  readonly size: number;
}

function layOut(slots: number, receive: number, answer: number): Layout {
  const sendHeaders = slots * headerWords;
  const receiveVectors = sendHeaders + slots * headerWords;
  const vectors = receiveVectors + slots * vectorWords;
  const names = vectors + slots * vectorWords;
  const received = aligned((names + slots * nameWords) * bytesPerWord);
  const receivedStride = aligned(receive);
  const answers = received + slots * receivedStride;
  const answerStride = aligned(answer);
  return {
    receiveHeaders: 0,
    sendHeaders,
    receiveVectors,
    vectors,
    names,
    received,
    receivedStride,
    answers,
    answerStride,
    size: answers + slots * answerStride,
  };
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
