/**
 * TCP connections of all sandboxes together: they are descriptors of one process. Where there are as many as there may be, whoever has most
 * gives up its oldest, so that who has few is heard all the same.
 */

/** Whoever has connections. */
export interface Holder {
  /** One less afterwards. */
  hangUpOldest(): void;
}

export class ConnectionLimit {
  readonly #most: number;
  /** By how many they have: nobody is counted when one more comes. */
  readonly #holders: Set<Holder>[] = [];
  readonly #counts = new Map<Holder, number>();
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** One more of this one's, for which there is room afterwards. */
  add(holder: Holder): void {
    if (this.#total >= this.#most) this.#largest()?.hangUpOldest();
    this.#change(holder, 1);
  }

  remove(holder: Holder): void {
    this.#change(holder, -1);
  }

  /** Of those that have most, whoever has had so many for longest. */
  #largest(): Holder | undefined {
    const [first] = this.#holders.at(-1) ?? [];
    return first;
  }

  #change(holder: Holder, by: 1 | -1): void {
    const before = this.#counts.get(holder) ?? 0;
    const after = before + by;
    this.#total += by;
    this.#holders[before]?.delete(holder);
    if (after === 0) {
      this.#counts.delete(holder);
    } else {
      this.#counts.set(holder, after);
      this.#holders[after] ??= new Set();
      this.#holders[after].add(holder);
    }
    while (this.#holders.at(-1)?.size === 0) this.#holders.pop();
  }
}
