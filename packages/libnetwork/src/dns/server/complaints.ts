/**
 * What goes wrong in the thread, told now and then: whoever finds a way to make something go wrong may do so with every packet.
 */
import { messageOf } from "../../errors.ts";

/** Milliseconds from one that is told to the next. */
const silence = 10_000;

export class Complaints {
  readonly #now: () => number;
  readonly #tell: (message: string) => void;
  #untold = 0;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number, tell: (message: string) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  add(error: unknown): void {
    const now = this.#now();
    if (now < this.#nextAt) {
      this.#untold++;
      return;
    }
    const others = this.#untold === 0 ? "" : ` (and ${this.#untold} more since the last that was told)`;
    this.#nextAt = now + silence;
    this.#untold = 0;
    this.#tell(`${messageOf(error)}${others}`);
  }
}
