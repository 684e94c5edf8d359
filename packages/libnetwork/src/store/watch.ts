/**
 * Watchers of a store: each gets the changes of one kind, in commit order, through a queue of its own.
 */
import type { StoreEvent } from "../contracts/store.ts";
import { type CausewayError, unavailable } from "../errors.ts";

/** How many events wait for a slow consumer before its watch fails. */
export const watchQueueLimit = 10_000;

/** The watchers of one store. */
export class Watchers {
  readonly #byKind = new Map<string, Set<Watch>>();

  has(kind: string): boolean {
    return this.#byKind.has(kind);
  }

  /** Watches from this call on, not from the first `next()`. */
  add(kind: string, signal: AbortSignal | undefined): AsyncIterable<StoreEvent> {
    const watchers = this.#byKind.get(kind) ?? new Set();
    this.#byKind.set(kind, watchers);
    const watch = new Watch(signal, () => {
      watchers.delete(watch);
      if (watchers.size === 0 && this.#byKind.get(kind) === watchers) this.#byKind.delete(kind);
    });
    watchers.add(watch);
    if (signal?.aborted) watch.abort();
    return watch;
  }

  publish(events: readonly StoreEvent[]): void {
    for (const event of events) {
      for (const watch of this.#byKind.get(event.record.kind) ?? []) watch.push(event);
    }
  }

  get kinds(): readonly string[] {
    return [...this.#byKind.keys()];
  }

  /** Ends the watches of one kind: what waits is dropped, and each reader's next read throws. */
  fail(kind: string, failure: CausewayError): void {
    for (const watch of this.#byKind.get(kind) ?? []) watch.fail(failure);
  }

  /** Ends every watch; what already waits in its queue is still delivered. */
  close(): void {
    for (const watchers of this.#byKind.values()) {
      for (const watch of watchers) watch.end();
    }
  }
}

type Waiter = PromiseWithResolvers<IteratorResult<StoreEvent>>;

/**
 * One watch. Memory is bounded: when {@link watchQueueLimit} events wait, the queue is dropped and the consumer's next read
 * throws `watch_overflow`, upon which it lists again and watches anew. No event is ever lost in silence.
 */
export class Watch implements AsyncIterableIterator<StoreEvent> {
  readonly #signal: AbortSignal | undefined;
  readonly #forget: () => void;
  readonly #abort = (): void => this.abort();
  #queue: StoreEvent[] = [];
  /** Reads that came before their event; never both this and the queue have something in them. */
  readonly #waiters: Waiter[] = [];
  #ended = false;
  #failure: CausewayError | undefined;

  constructor(signal: AbortSignal | undefined, forget: () => void) {
    this.#signal = signal;
    this.#forget = forget;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  push(event: StoreEvent): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter) {
      waiter.resolve({ done: false, value: event });
    } else if (this.#queue.length < watchQueueLimit) {
      this.#queue.push(event);
    } else {
      this.fail(
        unavailable(
          "watch_overflow",
          `the reader of a watch fell ${watchQueueLimit} changes behind: list the records again and watch anew`,
        ),
      );
    }
  }

  fail(failure: CausewayError): void {
    if (this.#ended) return;
    this.#queue = [];
    const waiter = this.#waiters.shift();
    if (waiter) waiter.reject(failure);
    else this.#failure = failure;
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#forget();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  /** Ends at once: what waits is dropped. */
  abort(): void {
    this.#queue = [];
    this.end();
  }

  next(): Promise<IteratorResult<StoreEvent>> {
    const value = this.#queue.shift();
    if (value) return Promise.resolve({ done: false, value });
    if (this.#failure) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    const waiter: Waiter = Promise.withResolvers();
    this.#waiters.push(waiter);
    return waiter.promise;
  }

  return(): Promise<IteratorResult<StoreEvent>> {
    this.abort();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
