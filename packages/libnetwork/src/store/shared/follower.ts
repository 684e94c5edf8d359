/**
 * One follower of a kind: what it was told, and what it is yet to be told. Memory is bounded by the records that there are: of several
 * changes of one record only the last waits.
 */
import type { FollowEvent } from "../../contracts/shared-store.ts";
import { decodeShared, type StoredText } from "../record.ts";

/** What waits for the reader; without a value: a deletion. */
interface Waiting {
  readonly value?: string;
  readonly revision: number;
}

export class Follower {
  readonly #kind: string;
  /** As the reader knows them, by id. */
  readonly #told = new Map<string, StoredText>();
  /** By id, in the order in which they came. */
  readonly #waiting = new Map<string, Waiting>();
  #staleWaits = false;
  #settledWaits = false;
  /** Whether the last that was told of the store itself, or is about to be, is that it is away. */
  #isStale = false;
  #ended = false;
  #failure: { readonly failure: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(kind: string) {
    this.#kind = kind;
  }

  /** A record as it is now. What is older than what is known is left out. */
  put(id: string, { value, revision }: StoredText): void {
    if (revision > this.#revisionOf(id)) this.#wait(id, { value, revision });
  }

  /** What nobody knew need not be told. */
  delete(id: string, revision: number): void {
    if (revision <= this.#revisionOf(id)) return;
    if (this.#told.has(id)) this.#wait(id, { revision });
    else this.#waiting.delete(id);
  }

  /** These and no others are there: what is known besides was deleted while nobody told of it. */
  retain(ids: ReadonlySet<string>, revision: number): void {
    for (const id of [...this.#told.keys(), ...this.#waiting.keys()]) {
      if (!ids.has(id)) this.delete(id, revision);
    }
  }

  /** How many records the reader knows of when all that waits is told. */
  get size(): number {
    let size = this.#told.size;
    for (const [id, { value }] of this.#waiting) {
      if (this.#told.has(id)) size -= value === undefined ? 1 : 0;
      else size += 1;
    }
    return size;
  }

  /** The revisions that are known mean nothing any more: what is put next counts as newer. */
  distrust(): void {
    for (const records of [this.#told, this.#waiting])
      for (const [id, record] of records) records.set(id, { ...record, revision: 0 });
  }

  stale(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    this.#staleWaits = true;
    this.#settledWaits = false;
    this.#wake?.();
  }

  settled(): void {
    this.#isStale = false;
    this.#settledWaits = true;
    this.#wake?.();
  }

  /** The reader is told all that waits, and then that. */
  fail(failure: unknown): void {
    this.#failure = { failure };
    this.#wake?.();
  }

  /** What waits is dropped. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** For one reader. */
  async *events(): AsyncGenerator<FollowEvent, void, void> {
    while (!this.#ended) {
      const event = this.#next();
      if (event) yield event;
      else if (this.#failure) throw this.#failure.failure;
      else await this.#something();
    }
  }

  #next(): FollowEvent | undefined {
    if (this.#staleWaits) {
      this.#staleWaits = false;
      return { type: "stale" };
    }
    const [first] = this.#waiting;
    if (first) return this.#tell(...first);
    if (!this.#settledWaits) return undefined;
    this.#settledWaits = false;
    return { type: "settled" };
  }

  #tell(id: string, { value, revision }: Waiting): FollowEvent {
    this.#waiting.delete(id);
    if (value !== undefined) {
      this.#told.set(id, { value, revision });
      return { type: "put", record: decodeShared(this.#kind, id, { value, revision }) };
    }
    const last = this.#told.get(id)?.value ?? "null";
    this.#told.delete(id);
    return { type: "delete", record: decodeShared(this.#kind, id, { value: last, revision }) };
  }

  #revisionOf(id: string): number {
    return (this.#waiting.get(id) ?? this.#told.get(id))?.revision ?? 0;
  }

  #wait(id: string, what: Waiting): void {
    this.#waiting.delete(id); // so that it comes last
    this.#waiting.set(id, what);
    this.#wake?.();
  }

  async #something(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }
}
