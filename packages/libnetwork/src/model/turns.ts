/**
 * Turns: lets the event loop turn between operations that would hold it together. An operation is synchronous but for a few
 * promises that are kept at once, so that one after the other would run in the same turn; and each may wait for the kernel's
 * RTNL lock, which somebody else on the machine may hold for milliseconds.
 */
import { setImmediate as nextTurn } from "node:timers/promises";

/** Milliseconds of one turn after which no further operation begins in it. */
const longestTurn = 2;

export class Turns {
  /** When the first operation of this turn began; undefined where none has. */
  #began: number | undefined;

  /** Called where an operation begins. Undefined: it may begin at once. Otherwise it waits for the promise. */
  take(): Promise<void> | undefined {
    if (this.#began !== undefined) {
      return performance.now() - this.#began < longestTurn ? undefined : this.#takeNext();
    }
    this.#began = performance.now();
    setImmediate(() => {
      this.#began = undefined;
    });
    return undefined;
  }

  /** Others may have waited for the same turn, and have it now. */
  async #takeNext(): Promise<void> {
    await nextTurn();
    await this.take();
  }
}
