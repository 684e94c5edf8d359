/**
 * Answers that are kept: by what was asked and of which servers, up to a limit of bytes, the one that was used longest ago goes first.
 *
 * An answer is kept as one message, under its own question only: a record for another name in it is passed on with it and nothing more.
 */

import { setLong, setWord, wordAt } from "../wire/bytes.ts";
import { headerBits } from "../wire/constants.ts";
import { type Chained, ChainedMap } from "./chained-map.ts";
import type { Lifetime } from "./lifetime.ts";
import { type Question, sameQuestion } from "./question.ts";

/** What an entry takes besides its bytes: the object, a buffer, its place in the map. Measured: 430 on the heap, some 100 outside. */
const overhead = 500;
/** Of entries that happen to have the same hash. More of them were made on purpose. */
const longestChain = 8;

/** The answers of one list of servers: those of another are never looked at. */
export class CachePart {
  readonly entries = new ChainedMap<Entry>();
  /** Nobody has these servers any more. */
  dropped = false;
}

class Entry implements Chained<Entry> {
  readonly part: CachePart;
  readonly hash: number;
  readonly variant: number;
  readonly nameEnd: number;
  /** As it was last answered: id, case and TTLs are written over each time. */
  readonly bytes: Uint8Array;
  /** Pairs: where a TTL stands, and what it was. */
  readonly ttls: readonly number[];
  readonly storedAt: number;
  readonly expiresAt: number;
  /** Seconds since `storedAt` that the TTLs in `bytes` are lowered by. */
  age = -1;
  next: Entry | undefined;
  newer: Entry | undefined;
  older: Entry | undefined;

  constructor(part: CachePart, key: Key, answer: Uint8Array, lifetime: Lifetime, now: number) {
    this.part = part;
    this.hash = key.hash;
    this.variant = key.variant;
    this.nameEnd = key.nameEnd;
    // A Buffer's slice would be the same memory.
    this.bytes = new Uint8Array(answer);
    // What comes from a cache is nobody's authoritative answer (RFC 1035 4.1.1: AA).
    setWord(this.bytes, 2, wordAt(this.bytes, 2) & ~headerBits.AA);
    this.ttls = lifetime.pairs.slice(0, lifetime.ttls * 2);
    this.storedAt = now;
    this.expiresAt = now + lifetime.seconds * 1000;
  }

  get size(): number {
    return overhead + this.bytes.length + this.ttls.length * 8;
  }

  /** What is left of each TTL now. */
  lower(now: number): void {
    const age = Math.floor((now - this.storedAt) / 1000);
    if (age === this.age) return;
    this.age = age;
    const { bytes, ttls } = this;
    for (let index = 0; index < ttls.length; index += 2) {
      const offset = ttls[index] ?? 0;
      const left = Math.max(0, (ttls[index + 1] ?? 0) - age);
      setLong(bytes, offset, left);
    }
  }
}

/** What an answer is kept by; name, type and class stand in the message. */
type Key = Pick<Question, "hash" | "variant" | "nameEnd">;

export class Cache {
  readonly #limit: number;
  #size = 0;
  #count = 0;
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
  /** Goes round, from the oldest to the newest, in search of what has expired. */
  #hand: Entry | undefined;
  /** Counts `clear`: what was asked before is not kept after. */
  #epoch = 0;

  /** @param limit bytes; 0: nothing is kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes, as far as they are known. */
  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#count;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /**
   * The answer with what is left of its TTLs, and some id, case and flags of the question: the cache's own bytes, which the caller makes the
   * asker's and reads before it asks again.
   */
  find(part: CachePart, question: Question, query: Uint8Array, now: number): Uint8Array | undefined {
    let entry = part.entries.first(question.hash);
    while (entry !== undefined && !isOf(entry, question, query)) entry = entry.next;
    if (entry === undefined) return undefined;
    if (entry.expiresAt <= now) {
      this.#remove(entry);
      return undefined;
    }
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#link(entry);
    }
    entry.lower(now);
    return entry.bytes;
  }

  /**
   * @param epoch when the question was asked
   * @param lifetime of this answer; where it is 0 nothing is kept
   */
  put(part: CachePart, key: Key, answer: Uint8Array, lifetime: Lifetime, epoch: number, now: number): void {
    if (lifetime.seconds === 0 || epoch !== this.#epoch || part.dropped) return;
    const entry = new Entry(part, key, answer, lifetime, now);
    if (entry.size > this.#limit) return;
    this.#sweep(now);
    this.#makeRoom(part, entry);
    while (this.#size + entry.size > this.#limit && this.#oldest !== undefined) this.#remove(this.#oldest);
    part.entries.add(entry.hash, entry);
    this.#link(entry);
    this.#size += entry.size;
    this.#count++;
  }

  clear(): void {
    this.#epoch++;
    while (this.#oldest !== undefined) this.#remove(this.#oldest);
  }

  /** Forgets a list of servers that nobody has any more. */
  drop(part: CachePart): void {
    part.dropped = true;
    for (const entry of part.entries) this.#remove(entry);
  }

  /** Removes what the entry takes the place of, and the last of a chain that is too long. */
  #makeRoom(part: CachePart, added: Entry): void {
    let length = 0;
    let entry = part.entries.first(added.hash);
    while (entry !== undefined) {
      const { next } = entry;
      length++;
      const same = entry.variant === added.variant && entry.nameEnd === added.nameEnd;
      if (length >= longestChain || (same && sameQuestion(entry.bytes, added.bytes, added.nameEnd)))
        this.#remove(entry);
      entry = next;
    }
  }

  /** Two entries for each that comes: whatever has expired is found before the cache has doubled. */
  #sweep(now: number): void {
    for (let step = 0; step < 2; step++) {
      const entry = this.#hand ?? this.#oldest;
      if (entry === undefined) return;
      this.#hand = entry.newer;
      if (entry.expiresAt <= now) this.#remove(entry);
    }
  }

  #remove(entry: Entry): void {
    this.#unlink(entry);
    this.#size -= entry.size;
    this.#count--;
    entry.part.entries.remove(entry.hash, entry);
  }

  #link(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry): void {
    if (this.#hand === entry) this.#hand = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
  }
}

function isOf(entry: Entry, question: Question, query: Uint8Array): boolean {
  return (
    entry.nameEnd === question.nameEnd &&
    entry.variant === question.variant &&
    sameQuestion(entry.bytes, query, question.nameEnd)
  );
}
