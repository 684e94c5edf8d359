// Waiting for what comes by itself.

import { setTimeout as sleep } from "node:timers/promises";

/** How long processes may take to end, hosts to hear of each other, and the kernel to clear away what was let go, milliseconds. */
const patience = 6000;

/** Looks again and again. @returns false where it did not come */
export async function until(done: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + patience;
  while (!(await done())) {
    if (performance.now() > deadline) return false;
    await sleep(5);
  }
  return true;
}
