/**
 * Work in pieces: what takes the thread longer than an answer is done a little at a time, with answers in between.
 */

/** Does a piece each time that it is told to go on. Told to return before, it lets go of what it holds. */
export type Pieces<T> = Generator<void, T>;

/** All of it at once. */
export function carriedOut<T>(pieces: Pieces<T>): T {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}
