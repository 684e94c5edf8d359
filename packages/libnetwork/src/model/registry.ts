/**
 * Objects by id, by name, and by the beginning of an id that only one of them has.
 */
import { conflict } from "../errors.ts";

interface Identified {
  readonly id: string;
  readonly name: string;
}

/** Long enough that a bucket rarely holds two, short enough to be typed. */
const bucketLength = 4;

export class Registry<T extends Identified> implements Iterable<T> {
  readonly #byId = new Map<string, T>();
  readonly #byName = new Map<string, T>();
  /** Those whose name another has, which came before: they are found by their ids. */
  #shadowed: readonly T[] = [];
  /** Arrays, for most hold one and a set is ten times as large. */
  readonly #byPrefix = new Map<string, T[]>();

  get size(): number {
    return this.#byId.size;
  }

  add(item: T): void {
    this.#byId.set(item.id, item);
    if (this.#byName.has(item.name)) this.#shadowed = [...this.#shadowed, item];
    else this.#byName.set(item.name, item);
    const prefix = item.id.slice(0, bucketLength);
    const bucket = this.#byPrefix.get(prefix);
    if (bucket === undefined) this.#byPrefix.set(prefix, [item]);
    else bucket.push(item);
  }

  remove(item: T): void {
    this.#byId.delete(item.id);
    this.#forgetName(item);
    const prefix = item.id.slice(0, bucketLength);
    const others = this.#byPrefix.get(prefix)?.filter((one) => one !== item) ?? [];
    if (others.length === 0) this.#byPrefix.delete(prefix);
    else this.#byPrefix.set(prefix, others);
  }

  #forgetName(item: T): void {
    this.#shadowed = this.#shadowed.filter((one) => one !== item);
    if (this.#byName.get(item.name) !== item) return;
    this.#byName.delete(item.name);
    const next = this.#shadowed.find(({ name }) => name === item.name);
    if (next === undefined) return;
    this.#byName.set(next.name, next);
    this.#shadowed = this.#shadowed.filter((one) => one !== next);
  }

  /** It is called otherwise by now, and keeps its place among the others. @param before what it was called */
  renamed(item: T, before: string): void {
    this.#byName.delete(before);
    this.#byName.set(item.name, item);
  }

  byId(id: string): T | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): T | undefined {
    return this.#byName.get(name);
  }

  /**
   * By id, then name, then unique beginning of an id: what a person may type.
   *
   * @throws ambiguous_id where several ids begin so
   */
  find(reference: string): T | undefined {
    return this.byId(reference) ?? this.byName(reference) ?? this.#byUniquePrefix(reference);
  }

  #byUniquePrefix(prefix: string): T | undefined {
    if (prefix === "") return undefined;
    const candidates: Iterable<T> =
      prefix.length >= bucketLength ? (this.#byPrefix.get(prefix.slice(0, bucketLength)) ?? []) : this;
    let found: T | undefined;
    for (const item of candidates) {
      if (!item.id.startsWith(prefix)) continue;
      if (found !== undefined) {
        const ids = [found.id, item.id];
        throw conflict("ambiguous_id", `"${prefix}" is the beginning of several ids: give more of it`, {
          ids,
        });
      }
      found = item;
    }
    return found;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#byId.values();
  }
}
