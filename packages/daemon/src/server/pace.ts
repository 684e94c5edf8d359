/**
 * Changes begin one in each turn of the event loop: what they do they do mostly in one go, and many in a row would leave whoever
 * only reads without an answer.
 */
import { setImmediate } from "node:timers/promises";

let last: Promise<unknown> = Promise.resolve();

/** Resolves when the event loop has been around since the one before began. */
export function turn(): Promise<unknown> {
  last = last.then(() => setImmediate());
  return last;
}
