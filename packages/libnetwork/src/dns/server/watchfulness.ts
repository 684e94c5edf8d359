/**
 * Whether the loop looks again for a moment before it sleeps. Who has just asked mostly asks again at once, and to be woken takes longer than to
 * answer. But where no processor is to spare, whoever would ask waits for the one that the loop looks with: then it sleeps.
 */

/** So long it looks, milliseconds. */
const moment = 0.03;
/** To be woken, to answer, and to be asked again takes as long at most, milliseconds, by one who asks at once. */
const soon = 0.15;
/** So many in a row of these have it look again. */
const enough = 4;

export class Watchfulness {
  #lastCame = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  #soon = 0;

  /** @returns whether it looks again, rather than sleeps */
  looks(now: number): boolean {
    const isWatchful = this.#soon >= enough;
    this.#isLooking = isWatchful && now < this.#lastCame + moment;
    // It looked for all of the moment, and nobody came.
    if (isWatchful && !this.#isLooking) this.#soon = 0;
    return this.#isLooking;
  }

  /** Somebody has asked. */
  came(now: number): void {
    if (!this.#isLooking) this.#soon = now < this.#lastCame + soon ? this.#soon + 1 : 0;
    this.#lastCame = now;
  }
}
