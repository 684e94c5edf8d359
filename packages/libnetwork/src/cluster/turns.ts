/**
 * Trying again after another host was faster.
 */
import { setTimeout as pause } from "node:timers/promises";
import { isConflict, tooMuchContention } from "./failures.ts";

/** Each of them lost to a commit of somebody else, who got on. */
const mostTurns = 64;
const longestPauseMs = 100;

/**
 * Does it until nothing is met that passes. Each turn reads anew what it decides by.
 *
 * @param what for people: "taking an address in web"
 * @param isPassing of what a turn throws, what may be otherwise the next time. Default: a `revision_conflict`
 * @throws cluster_contention after 64 turns, and what else a turn throws
 */
export async function inTurns<T>(
  what: string,
  turn: () => Promise<T>,
  isPassing: (error: unknown) => boolean = isConflict,
): Promise<T> {
  for (let count = 0; count < mostTurns; count++) {
    try {
      return await turn();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    // Where hosts meet again and again, they spread.
    if (count > 0) await pause(Math.random() * Math.min(2 ** count, longestPauseMs));
  }
  throw tooMuchContention(what);
}
