/**
 * What is going, and keeps who comes next waiting until it has gone: links of the host, by their names; tracked
 * connections of endpoints that left, by their addresses.
 */

export class Departures {
  readonly #going = new Map<string, Promise<void>>();

  /**
   * Remembers that something of this name is going. Where that fails nobody waits any longer: whoever wants the name of a
   * link that stays is told by the kernel.
   */
  expect(name: string, gone: Promise<unknown>): void {
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
