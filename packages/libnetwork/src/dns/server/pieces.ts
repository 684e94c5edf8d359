/**
 * Work in pieces: what takes the thread longer than an answer is done a little at a time, with answers in between.
 */

import type { Later } from "@causeway/kernel";

/** Does a piece each time that it is told to go on. Told to return before, it lets go of what it holds. */
export type Pieces<T> = Generator<void, T>;

/** All of it at once. */
export function carriedOut<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}

/** What is still to be done in pieces: what came first goes first. */
export class Backlog {
  readonly #later: Later;
  readonly #works = new Set<Pieces<void>>();
  #isGoingOn = false;

  constructor(later: Later) {
    this.#later = later;
  }

  add(work: Pieces<void>): void {
    this.#works.add(work);
    this.#goOnSoon();
  }

  /** It goes no further, and lets go of what it holds. */
  remove(work: Pieces<void>): void {
    this.#works.delete(work);
    work.return();
  }

  /** When what is ready at the moment has been visited. */
  #goOnSoon(): void {
    if (this.#isGoingOn) return;
    this.#isGoingOn = true;
    this.#later(0, () => {
      this.#isGoingOn = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    const [work] = this.#works;
    if (work === undefined) return;
    try {
      if (work.next().done === true) this.#works.delete(work);
    } catch (error) {
      this.#works.delete(work);
      throw error;
    } finally {
      if (this.#works.size > 0) this.#goOnSoon();
    }
  }
}
