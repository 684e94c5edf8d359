/**
 * Takes turns: what comes to one sandbox by all its connections is taken by so many messages at a time, as is what comes by UDP, and
 * those of other sandboxes have theirs in between.
 */
import type { Timers } from "./timers.ts";

/** As many as datagrams (udp.ts). */
const mostAtOnce = 64;

export class Turns {
  readonly #timers: Pick<Timers, "at" | "now">;
  /** Of this turn. */
  #left = mostAtOnce;
  /** Who goes on in the next one. */
  readonly #waiting = new Set<() => void>();
  #next: Disposable | undefined;

  constructor(timers: Pick<Timers, "at" | "now">) {
    this.#timers = timers;
  }

  /**
   * Counts a message that was taken.
   *
   * @param goOn is called when there is a turn again, where there is none any more
   * @returns whether there is
   */
  take(goOn: () => void): boolean {
    // What is due now comes when all that is ready at the moment has been visited.
    this.#next ??= this.#timers.at(this.#timers.now(), () => this.#begin());
    if (--this.#left > 0) return true;
    this.#waiting.add(goOn);
    return false;
  }

  /** Whoever waits is gone. */
  forget(goOn: () => void): void {
    this.#waiting.delete(goOn);
  }

  #begin(): void {
    this.#next = undefined;
    this.#left = mostAtOnce;
    for (const goOn of this.#waiting) {
      if (this.#left <= 0) break;
      this.#waiting.delete(goOn);
      goOn();
    }
    if (this.#waiting.size > 0) this.#next ??= this.#timers.at(this.#timers.now(), () => this.#begin());
  }

  [Symbol.dispose](): void {
    this.#next?.[Symbol.dispose]();
    this.#waiting.clear();
  }
}
