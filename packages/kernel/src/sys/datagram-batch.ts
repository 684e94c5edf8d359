/**
 * Datagrams received and answered by the batch on non-blocking UDP sockets: recvmmsg(2), sendmmsg(2). Everything that the kernel
 * is told lies in one pinned memory, laid out once; a datagram costs a few writes of numbers, and nothing is allocated for it.
 *
 * The kernel's way from a message to the receiver's socket is what all this costs, nine parts of ten. Answers to one asker go it together
 * where they may (datagram-groups.ts): those of one asker stay in order, those of several do not.
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
import { DatagramGroups } from "./datagram-groups.ts";
import { KernelError } from "./errors.ts";
import { addressNumberOf, lastErrno, libc, pinnedMemory } from "./libc.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL, MSG_TRUNC } from "./socket.ts";

// struct mmsghdr on a 64-bit machine: struct msghdr (56 bytes) and the length, padded. Offsets in words of 32 bits.
const headerWords = 16;
const nameWord = 0;
const nameLengthWord = 2;
const vectorWord = 4;
const vectorLengthWord = 6;
const controlWord = 8;
const controlLengthWord = 10;
const flagsWord = 12;
const lengthWord = 14;
// struct iovec: base and length of 64 bits each.
const vectorWords = 4;
/** struct sockaddr_in6 is 28 bytes, sockaddr_in 16. */
const longestName = 28;
const nameWords = 8;
// struct cmsghdr: length (64 bits), level, type, and a number of 16 bits for UDP_SEGMENT.
const controlWords = 6;
const controlLength = 18;
// linux/udp.h
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

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
  readonly #groups: DatagramGroups;
  /** Of the answers that are queued. */
  readonly #slots: Int32Array;
  readonly #lengths: Int32Array;
  /** The slots of the answers in the order in which they are sent. */
  readonly #sendSlots: Int32Array;
  #received = 0;
  #dropped = 0;
  /** Whose answer is being queued. */
  #slot = 0;
  readonly #isToSame = (answer: number) => this.#haveSameSender(this.#slots[answer] ?? 0, this.#slot);

  constructor({ slots = 64, receive, answer }: DatagramBatchSizes) {
    this.slots = slots;
    this.answerSize = answer;
    this.#layout = layOut(slots, receive, answer);
    this.bytes = pinnedMemory(this.#layout.size);
    this.#words = new Uint32Array(this.bytes.buffer);
    this.#address = addressNumberOf(this.bytes);
    this.#groups = new DatagramGroups(slots);
    this.#slots = new Int32Array(slots);
    this.#lengths = new Int32Array(slots);
    this.#sendSlots = new Int32Array(slots);
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
    this.#groups.clear();
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
    const length = this.#nameLength(slot);
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
    const queued = this.#groups.added;
    if (length > this.answerSize || queued >= this.slots) {
      throw new RangeError(`an answer of ${length} bytes, the ${queued + 1}th of the batch`);
    }
    this.#slots[queued] = slot;
    this.#lengths[queued] = length;
    this.#slot = slot;
    this.#groups.add(length, this.#isToSame);
  }

  /**
   * Sends what is queued. What cannot be sent now is dropped and counted: the asker will ask again.
   *
   * @returns how many were sent
   * @throws KernelError where the descriptor is no socket
   */
  flush(fd: number): number {
    const total = this.#groups.added;
    let messages = this.#layOutGroups();
    this.#groups.clear();
    let done = 0;
    /** Datagrams: sent or refused, and those of them that were sent. */
    let passed = 0;
    let sent = 0;
    /** Whether the message whose turn it is was refused before: the refusal may have been an earlier one's. */
    let again = false;
    while (done < messages) {
      const vector = this.#address + this.#sendHeader(done) * bytesPerWord;
      const count = libc.sendmmsg(fd, vector, messages - done, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count > 0) {
        for (const end = done + count; done < end; done++) {
          passed += this.#membersOf(done);
          sent += this.#membersOf(done);
        }
        again = false;
        continue;
      }
      const errno = lastErrno();
      if (errno === EINTR) continue;
      if (mistakes.includes(errno)) throw new KernelError({ operation: "sendmmsg", errno });
      if (shortages.includes(errno)) break;
      if (again && this.#membersOf(done) > 1) {
        // There are ways that no group can go: a small MTU, IPsec.
        messages = this.#layOutAlone(passed, total);
        done = 0;
      } else if (again) {
        done++;
        passed++;
      }
      again = !again;
    }
    this.#dropped += total - sent;
    return sent;
  }

  /** @returns how many messages there are */
  #layOutGroups(): number {
    const groups = this.#groups;
    let at = 0;
    for (let group = 0; group < groups.count; group++) {
      const from = at;
      for (let answer = groups.first(group); answer >= 0; answer = groups.next(answer)) {
        this.#layOutVector(at++, this.#slots[answer] ?? 0, this.#lengths[answer] ?? 0);
      }
      this.#layOutMessage(group, from, at - from, groups.length(group));
    }
    return groups.count;
  }

  /** From a datagram on, each as a message of its own. @returns how many messages there are */
  #layOutAlone(from: number, total: number): number {
    for (let at = from; at < total; at++) this.#layOutMessage(at - from, at, 1, 0);
    return total - from;
  }

  /** Where one of the datagrams to be sent is, and how long. */
  #layOutVector(at: number, slot: number, length: number): void {
    const vector = this.#layout.sendVectors + at * vectorWords;
    this.#sendSlots[at] = slot;
    this.#pointTo(vector, this.answerAt(slot));
    this.#words[vector + 2] = length;
  }

  /** A message of so many of the datagrams to be sent, to the receiver of the first. */
  #layOutMessage(message: number, first: number, members: number, length: number): void {
    const words = this.#words;
    const header = this.#sendHeader(message);
    const slot = this.#sendSlots[first] ?? 0;
    this.#pointTo(header + nameWord, this.#nameOf(slot) * bytesPerWord);
    words[header + nameLengthWord] = this.#nameLength(slot);
    this.#pointTo(header + vectorWord, (this.#layout.sendVectors + first * vectorWords) * bytesPerWord);
    words[header + vectorLengthWord] = members;
    words[header + controlLengthWord] = members > 1 ? controlLength : 0;
    words[this.#control(message) + 4] = length;
  }

  #membersOf(message: number): number {
    return this.#words[this.#sendHeader(message) + vectorLengthWord] ?? 0;
  }

  #haveSameSender(one: number, other: number): boolean {
    const length = this.#nameLength(one);
    if (length !== this.#nameLength(other)) return false;
    for (let word = 0; word * bytesPerWord < length; word++) {
      if (this.#words[this.#nameOf(one) + word] !== this.#words[this.#nameOf(other) + word]) return false;
    }
    return true;
  }

  #receiveHeader(slot: number): number {
    return this.#layout.receiveHeaders + slot * headerWords;
  }

  #sendHeader(message: number): number {
    return this.#layout.sendHeaders + message * headerWords;
  }

  #control(message: number): number {
    return this.#layout.controls + message * controlWords;
  }

  #nameOf(slot: number): number {
    return this.#layout.names + slot * nameWords;
  }

  #nameLength(slot: number): number {
    return this.#words[this.#receiveHeader(slot) + nameLengthWord] ?? 0;
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
    const control = this.#control(slot);
    this.#pointTo(this.#sendHeader(slot) + controlWord, control * bytesPerWord);
    words.set([controlLength, 0, SOL_UDP, UDP_SEGMENT], control);
  }

  /** Writes the address of one of {@link bytes} to a word and the next. */
  #pointTo(word: number, byte: number): void {
    const address = this.#address + byte;
    this.#words[word] = address % wordRange;
    this.#words[word + 1] = Math.floor(address / wordRange);
  }
}

/** Where what is: headers, vectors, controls and names in words, what is received and answered in bytes. */
interface Layout {
  readonly receiveHeaders: number;
  readonly sendHeaders: number;
  readonly receiveVectors: number;
  readonly sendVectors: number;
  readonly controls: number;
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
  const sendVectors = receiveVectors + slots * vectorWords;
  const controls = sendVectors + slots * vectorWords;
  const names = controls + slots * controlWords;
  const received = aligned((names + slots * nameWords) * bytesPerWord);
  const receivedStride = aligned(receive);
  const answers = received + slots * receivedStride;
  const answerStride = aligned(answer);
  return {
    receiveHeaders: 0,
    sendHeaders,
    receiveVectors,
    sendVectors,
    controls,
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
