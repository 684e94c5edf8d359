/**
 * When a call is tried again: moby's pkg/plugins waits 1, 2, 4, 8 s ... and gives up when the next wait would end 30 s after the beginning.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, PluginError } from "../errors.ts";

/** Time, for tests to make it pass. */
export interface Clock {
  /** Milliseconds, from anywhere. */
  now(): number;
  /** @param milliseconds how long; ends early, with the signal's reason, when it is aborted */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    await sleep(milliseconds, undefined, { signal });
  },
};

const firstWait = 1000;
const longestWait = 30_000;

/**
 * @param attempt is told how often it has failed before
 * @param again whether what it threw may go away by waiting
 * @param patience milliseconds from the beginning, in which the last attempt begins
 */
export async function retried<T>(
  attempt: () => Promise<T>,
  again: (error: unknown) => boolean,
  patience: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const started = clock.now();
  for (let wait = firstWait; ; wait = Math.min(2 * wait, longestWait)) {
    try {
      return await attempt();
    } catch (error) {
      if (!again(error) || clock.now() - started + wait >= patience) throw error;
    }
    try {
      await clock.sleep(wait, signal);
    } catch (error) {
      throw new PluginError("plugin_call_aborted", `given up: ${messageOf(signal.reason)}`, { cause: error });
    }
  }
}
