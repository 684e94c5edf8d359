/**
 * Serialises work on the same things and lets work on different things overlap.
 */

export class KeyedMutex {
  /** The end of the queue of each key that is in use. */
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `action` when nobody else holds any of the keys. The order of the keys does not matter. */
  async run<T>(keys: readonly string[], action: () => T | Promise<T>): Promise<T> {
    let release: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      release = resolve;
    });
    // All keys are queued for in one synchronous step, so two callers cannot wait for each other.
    const before: Promise<void>[] = [];
    const mine = [...new Set(keys)];
    for (const key of mine) {
      const tail = this.#tails.get(key);
      if (tail !== undefined) before.push(tail);
    }
    const tail = before.length === 0 ? done : Promise.all([...before, done]).then(() => undefined);
    for (const key of mine) this.#tails.set(key, tail);
    try {
      if (before.length > 0) await Promise.all(before);
      return await action();
    } finally {
      release();
      for (const key of mine) if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
