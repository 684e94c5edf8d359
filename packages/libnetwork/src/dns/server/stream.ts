/**
 * A TCP connection that carries messages, at either end: what comes is told by the message, what is sent waits for room.
 */
import { EPOLLIN, EPOLLOUT, type OwnedFd, receiveStream, sendStream } from "@causeway/kernel";
import { longestMessage } from "../wire/constants.ts";
import { Deframer } from "./framing.ts";
import type { Loop, Readable, Watched } from "./loop.ts";
import { takenOver } from "./taken-over.ts";

/** Bytes that are taken at a time. */
const piece = 4096;
/** Nothing more is taken of who does not read, beyond so many bytes that wait for room. */
const fullQueue = 1 << 16;
/** What was taken already is not answered any more, beyond so many. */
const longestQueue = 1 << 18;

export interface StreamListener {
  /** @param message good until it returns */
  message(message: Uint8Array): void;
  /** Nothing comes any more, or can be sent. The stream is closed already. */
  ended(): void;
}

export class MessageStream implements Readable, Disposable {
  readonly #socket: OwnedFd;
  readonly #watched: Watched;
  readonly #listener: StreamListener;
  readonly #deframer = new Deframer();
  readonly #longest: number;
  #queue: Buffer[] = [];
  #queued = 0;
  #isConnected: boolean;
  #isClosed = false;
  /** Nothing is taken while it is not to be. */
  #isPaused = false;
  /** Answers to what came together go together. */
  #isTelling = false;

  /**
   * @param socket taken over, on an exception too
   * @param isConnected false where the connection is under way
   * @param longest bytes of a message: whoever begins a longer one is hung up on
   */
  constructor(
    loop: Loop,
    socket: OwnedFd,
    isConnected: boolean,
    listener: StreamListener,
    longest = longestMessage,
  ) {
    this.#socket = socket;
    this.#listener = listener;
    this.#longest = longest;
    this.#isConnected = isConnected;
    const interest = isConnected ? EPOLLIN : EPOLLIN | EPOLLOUT;
    this.#watched = takenOver(socket, () => loop.watch(socket.fd, interest, this));
  }

  ready(events: number): void {
    if (this.#isClosed) return;
    if ((events & EPOLLOUT) !== 0) {
      this.#isConnected = true;
      if (!this.#drain()) return;
      this.#tell();
    }
    if ((events & ~EPOLLOUT) !== 0 && this.#takes) this.#take();
  }

  /** @param bytes a message behind its length */
  send(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#queued > longestQueue) this.#end();
    else if (this.#isConnected && !this.#isTelling && this.#makesRoom()) this.#tell();
  }

  /** Takes nothing more until resume(). */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#watch();
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    this.#watch();
    this.#tell();
  }

  get #takes(): boolean {
    return !this.#isPaused && !this.#isClosed && this.#queued < fullQueue;
  }

  #take(): void {
    const { buffer, from } = this.#deframer.room(piece);
    const count = receiveStream(this.#socket.fd, buffer, from, from + piece);
    if (count === "again") return;
    if (count === "end") {
      this.#end();
      return;
    }
    this.#deframer.came(count);
    this.#tell();
  }

  /** Whatever has come, and may be taken. */
  #tell(): void {
    // Whoever is told may let it go on: that is seen below.
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      do this.#tellMessages();
      while (this.#queue.length > 0 && this.#isConnected && this.#makesRoom());
    } finally {
      this.#isTelling = false;
    }
  }

  #tellMessages(): void {
    while (this.#takes) {
      const message = this.#deframer.next();
      if (message !== undefined) this.#listener.message(message);
      else if (this.#deframer.announced > this.#longest) this.#end();
      else return;
    }
  }

  /** @returns whether something may be taken that could not be before */
  #makesRoom(): boolean {
    const took = this.#takes;
    return this.#drain() && !took && this.#takes;
  }

  /** @returns false where the stream has ended by it */
  #drain(): boolean {
    if (this.#queue.length > 0) {
      const [first] = this.#queue;
      const bytes = this.#queue.length === 1 && first !== undefined ? first : Buffer.concat(this.#queue);
      const count = sendStream(this.#socket.fd, bytes);
      if (count === "end") {
        this.#end();
        return false;
      }
      const sent = count === "again" ? 0 : count;
      this.#queue = sent < bytes.length ? [bytes.subarray(sent)] : [];
      this.#queued -= sent;
    }
    this.#watch();
    return true;
  }

  #watch(): void {
    if (this.#isClosed) return;
    const wantsRoom = this.#queue.length > 0 || !this.#isConnected;
    this.#watched.change((this.#takes ? EPOLLIN : 0) | (wantsRoom ? EPOLLOUT : 0));
  }

  #end(): void {
    if (this.#isClosed) return;
    this[Symbol.dispose]();
    this.#listener.ended();
  }

  /** Tells nobody. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#watched[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }
}
