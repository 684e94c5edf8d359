/**
 * A map from numbers that several items may have in common: those are chained through themselves, so that neither list nor tuple is made.
 */

export interface Chained<Item> {
  /** With the same number. */
  next: Item | undefined;
}

export class ChainedMap<Item extends Chained<Item>> {
  readonly #firsts = new Map<number, Item>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that was added last; the others follow by `next`. */
  first(key: number): Item | undefined {
    return this.#firsts.get(key);
  }

  add(key: number, item: Item): void {
    item.next = this.#firsts.get(key);
    this.#firsts.set(key, item);
    this.#size++;
  }

  /** One that is there. Its own `next` stays, for who is going through them. */
  remove(key: number, item: Item): void {
    this.#size--;
    const first = this.#firsts.get(key);
    if (first === item) {
      if (item.next === undefined) this.#firsts.delete(key);
      else this.#firsts.set(key, item.next);
      return;
    }
    for (let before = first; before !== undefined; before = before.next)
      if (before.next === item) {
        before.next = item.next;
        return;
      }
  }

  /** Bears that the one it is at is removed meanwhile. */
  *[Symbol.iterator](): Generator<Item> {
    for (const first of this.#firsts.values())
      for (let item: Item | undefined = first; item !== undefined; item = item.next) yield item;
  }
}
