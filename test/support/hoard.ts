// Taking what a process may have of file descriptors, until only a few are left, and giving them back.

import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** Sets how many descriptors this process may have, from now on. The hard limit stays, so it can be raised again. */
export function limitDescriptors(limit: number): void {
  execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${limit}:`]);
}

/** Holds all descriptors that the process has not in use but a few. */
export class DescriptorHoard implements Disposable {
  readonly #held: number[] = [];

  /**
   * @param left how many may still be opened
   * @param which those with the lowest numbers, or the highest
   */
  constructor(left: number, which: "first" | "last" = "first") {
    try {
      for (;;) this.#held.push(openSync("/dev/null", "r"));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EMFILE")) throw error;
    }
    if (left === 0) return;
    const free = which === "first" ? this.#held.splice(0, left) : this.#held.splice(-left);
    for (const fd of free) closeSync(fd);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#held.splice(0)) closeSync(fd);
  }
}
