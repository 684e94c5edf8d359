/**
 * Links of the host that are being deleted: their names are taken until they have gone.
 */

export class Departures {
  readonly #going = new Map<string, Promise<void>>();

  /**
   * Remembers that a link of this name is going. Where it cannot be deleted its name stays taken: whoever wants it next
   * is told by the kernel.
   */
  expect(name: string, gone: Promise<void>): void {
    const settled = gone.then(
      () => undefined,
      () => undefined,
    );
    const done = settled.then(() => {
      if (this.#going.get(name) === done) this.#going.delete(name);
    });
    this.#going.set(name, done);
  }

  /** When the name is free; undefined where nothing of that name is going. */
  of(name: string): Promise<void> | undefined {
    return this.#going.get(name);
  }

  /** When all have gone. */
  async all(): Promise<void> {
    await Promise.all(this.#going.values());
  }
}
