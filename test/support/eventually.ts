// Waiting for what the kernel, another process or the event loop does in its own time: for a condition, never for a while.

import { setTimeout as sleep } from "node:timers/promises";

/** How long something may take that has to happen, milliseconds. A busy machine takes seconds; only a failing test waits so long. */
export const patience = 20_000;

/** Between two looks, milliseconds. */
const interval = 5;

/** Waits until an assertion holds; when it never does, throws what it threw last. */
export async function eventually<T>(check: () => T, time = patience): Promise<Awaited<T>> {
  const deadline = Date.now() + time;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(interval);
    }
  }
}
