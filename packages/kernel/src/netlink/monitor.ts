/**
 * An event monitor: what changes in a namespace, told by the kernel's multicast groups, as an asynchronous iterator.
 *
 *     using monitor = new Monitor([link.events, address.events], { namespace });
 *     for await (const event of monitor) ...
 *
 * Events can be lost: when the kernel's buffer or ours overflows, `{ type: "overrun" }` says that everything must be
 * listed again. What happens after it is in later events.
 */
import { NetNamespace } from "../sys/namespace.ts";
import { type EventSource, openEventSource } from "./event-source.ts";
import type { Filter } from "./filter.ts";
import { type Message, readMessages } from "./message.ts";

/** One sort of events: where they are told, and what a message says. */
export interface Topic<E> {
  /** NETLINK_ROUTE, NETLINK_NETFILTER */
  readonly protocol: number;
  /** Multicast groups: RTNLGRP_*, NFNLGRP_*. */
  readonly groups: readonly number[];
  /** Which messages reach us at all. Default: all of the groups', for every topic of the protocol. */
  readonly filter?: Filter;
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
  /**
   * Listen to every namespace that this one has a number for (a veth's other end gives it one), too: `Message.namespaceId` says
   * which. Needs CAP_NET_BROADCAST. Default: false.
   */
  readonly allNamespaces?: boolean;
}

/** For one consumer. It keeps the process alive until it is disposed of, or left by `break`. */
export class Monitor<E> implements AsyncIterableIterator<E | Overrun>, Disposable {
  readonly #topics: readonly Topic<E>[];
  readonly #namespace: NetNamespace;
  /** By protocol. */
  readonly #sources = new Map<number, EventSource>();
  readonly #allNamespaces: boolean;
  #queue: (E | Overrun)[] = [];
  #consumer: PromiseWithResolvers<IteratorResult<E | Overrun>> | undefined;
  #failure: Error | undefined;
  #keepsAlive = true;
  #closed = false;

  /** Listens from now on: what happens before the first event is asked for waits. */
  constructor(topics: readonly Topic<E>[], { namespace, allNamespaces = false }: MonitorOptions = {}) {
    this.#topics = topics;
    this.#allNamespaces = allNamespaces;
    this.#namespace = namespace?.duplicate() ?? NetNamespace.current();
    try {
      for (const { protocol } of topics) if (!this.#sources.has(protocol)) this.#listen(protocol);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The process may end while events are waited for. */
  unref(): this {
    this.#keepsAlive = false;
    for (const source of this.#sources.values()) source.unref();
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
    for (const source of this.#sources.values()) source[Symbol.dispose]();
    this.#namespace[Symbol.dispose]();
    this.#consumer?.resolve({ value: undefined, done: true });
    this.#consumer = undefined;
  }

  #listen(protocol: number): void {
    const topics = this.#topics.filter((topic) => topic.protocol === protocol);
    const groups = [...new Set(topics.flatMap((topic) => topic.groups))];
    const filters = topics.map(({ filter }) => filter);
    const filter = filters.every((one) => one !== undefined) ? filters.flat() : undefined;
    const allNamespaces = this.#allNamespaces;
    const source = this.#namespace.run(() =>
      openEventSource(
        { protocol, groups, filter, allNamespaces },
        {
          receive: (datagram, namespaceId) => this.#receive(topics, datagram, namespaceId),
          fail: (error) => this.#recover(protocol, error),
        },
      ),
    );
    this.#sources.set(protocol, source);
    if (!this.#keepsAlive) source.unref();
  }

  #receive(topics: readonly Topic<E>[], datagram: Buffer, namespaceId: number | undefined): void {
    try {
      for (const message of readMessages(datagram, datagram.length)) {
        for (const topic of topics) {
          const event = topic.decode(namespaceId === undefined ? message : { ...message, namespaceId });
          if (event !== undefined) this.#emit(event);
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A new source, because the old one's buffer holds events from before the loss. That one is closed. */
  #recover(protocol: number, error: unknown): void {
    if (this.#closed) return;
    try {
      if (!(error instanceof Error && "code" in error && error.code === "ENOBUFS")) throw error;
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
