/**
 * Serialises work on the same things and lets work on different things overlap.
 */

/** Keys, or how to tell them: which things are meant may change while one waits for them. */
export type Keys = readonly string[] | (() => readonly string[]);

export class KeyedMutex {
  /** The end of the queue of each key that is in use. */
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `action` when nobody else holds any of the keys. The order of the keys does not matter. */
  async run<T>(keys: Keys, action: () => T | Promise<T>): Promise<T> {
    if (typeof keys !== "function") return this.#hold(new Set(keys), action);
    for (;;) {
      const held = new Set(keys());
      const result = await this.#hold(held, async () => {
        if (keys().every((key) => held.has(key))) return { done: await action() };
        return undefined;
      });
      if (result !== undefined) return result.done;
    }
  }

  /** Waits until nobody holds a key or waits for one. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }

  /** Waits until those that hold a key by now, or wait for one, are done. */
  async settled(): Promise<void> {
    await Promise.all(this.#tails.values());
  }

  async #hold<T>(keys: ReadonlySet<string>, action: () => T | Promise<T>): Promise<T> {
    const { promise: mine, resolve: release } = Promise.withResolvers<void>();
    // All keys are queued for in one synchronous step, so two callers cannot wait for each other.
    const before: Promise<void>[] = [];
    for (const key of keys) {
      const tail = this.#tails.get(key);
      if (tail !== undefined) before.push(tail);
      this.#tails.set(key, mine);
    }
    try {
      if (before.length > 0) await Promise.all(before);
      return await action();
    } finally {
      release();
      for (const key of keys) if (this.#tails.get(key) === mine) this.#tails.delete(key);
    }
  }
}
