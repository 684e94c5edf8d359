/**
 * An event monitor: what changes in a namespace, told by the kernel's multicast groups, as an asynchronous iterator.
 *
 *     using monitor = new Monitor([link.events, address.events], { namespace });
 *     for await (const event of monitor) ...
 *
 * Events can be lost: when the kernel's buffer or ours overflows, `{ type: "overrun" }` says that everything must be
 * listed again. What happens after it is in later events.
 */
import type { Socket } from "node:net";
import { streamDatagrams } from "../sys/event-stream.ts";
import { NetNamespace } from "../sys/namespace.ts";
import { type Message, readMessages } from "./message.ts";
import { openMulticastSocket } from "./multicast.ts";

/** One sort of events: where they are told, and what a message says. */
export interface Topic<E> {
  /** NETLINK_ROUTE, NETLINK_NETFILTER */
  readonly protocol: number;
  /** Multicast groups: RTNLGRP_*, NFNLGRP_*. */
  readonly groups: readonly number[];
  /** Undefined for a message that is none of these events. */
  decode(message: Message): E | undefined;
}

/** Events were lost: list again. */
export interface Overrun {
  readonly type: "overrun";
}

/** Events that may wait for the consumer, before they are thrown away in favour of an overrun. */
const longestQueue = 10_000;

export interface MonitorOptions {
  /** Default: the calling thread's. */
  readonly namespace?: NetNamespace;
}

/** For one consumer. It keeps the process alive until it is disposed of, or left by `break`. */
export class Monitor<E> implements AsyncIterableIterator<E | Overrun>, Disposable {
  readonly #topics: readonly Topic<E>[];
  readonly #namespace: NetNamespace;
  /** By protocol. */
  readonly #streams = new Map<number, Socket>();
  #queue: (E | Overrun)[] = [];
  #consumer: PromiseWithResolvers<IteratorResult<E | Overrun>> | undefined;
  #failure: Error | undefined;
  #keepsAlive = true;
  #closed = false;

  /** Listens from now on: what happens before the first event is asked for waits. */
  constructor(topics: readonly Topic<E>[], { namespace }: MonitorOptions = {}) {
    this.#topics = topics;
    this.#namespace = namespace?.duplicate() ?? NetNamespace.current();
    try {
      for (const { protocol } of topics) if (!this.#streams.has(protocol)) this.#listen(protocol);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The process may end while events are waited for. */
  unref(): this {
    this.#keepsAlive = false;
    for (const stream of this.#streams.values()) stream.unref();
    return this;
  }

  /** Throws what a socket failed with, or DecodeError, after the events before it. */
  async next(): Promise<IteratorResult<E | Overrun>> {
    const event = this.#queue.shift();
    if (event !== undefined) return { value: event, done: false };
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) return { value: undefined, done: true };
    this.#consumer ??= Promise.withResolvers();
    return this.#consumer.promise;
  }

  async return(): Promise<IteratorResult<E | Overrun>> {
    this[Symbol.dispose]();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.destroy();
    this.#namespace[Symbol.dispose]();
    this.#consumer?.resolve({ value: undefined, done: true });
    this.#consumer = undefined;
  }

  #listen(protocol: number): void {
    const topics = this.#topics.filter((topic) => topic.protocol === protocol);
    const groups = new Set(topics.flatMap((topic) => topic.groups));
    const stream = streamDatagrams(this.#namespace.run(() => openMulticastSocket(protocol, [...groups])));
    this.#streams.set(protocol, stream);
    if (!this.#keepsAlive) stream.unref();
    stream.on("data", (datagram: Buffer) => this.#receive(topics, datagram));
    stream.on("error", (error: NodeJS.ErrnoException) => this.#recover(protocol, error));
  }

  #receive(topics: readonly Topic<E>[], datagram: Buffer): void {
    try {
      for (const message of readMessages(datagram, datagram.length)) {
        for (const topic of topics) {
          const event = topic.decode(message);
          if (event !== undefined) this.#emit(event);
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A new socket, because the old one's buffer holds events from before the loss. Node.js has closed that one. */
  #recover(protocol: number, error: NodeJS.ErrnoException): void {
    if (this.#closed) return;
    try {
      if (error.code !== "ENOBUFS") throw error;
      this.#listen(protocol);
      this.#emit({ type: "overrun" });
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #emit(event: E | Overrun): void {
    if (this.#consumer !== undefined) {
      this.#consumer.resolve({ value: event, done: false });
      this.#consumer = undefined;
      return;
    }
    this.#queue.push(event);
    if (this.#queue.length > longestQueue) this.#queue = [{ type: "overrun" }];
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#consumer?.reject(this.#failure);
    this.#consumer = undefined;
    this[Symbol.dispose]();
  }
}
