/**
 * Random numbers by the batch: one system call for two thousand ids.
 */
import { randomFillSync } from "node:crypto";
import type { RandomNumbers } from "./contract.ts";

export class PooledRandomNumbers implements RandomNumbers {
  readonly #pool = new Uint16Array(2048);
  #used = this.#pool.length;

  next(): number {
    if (this.#used === this.#pool.length) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    return this.#pool[this.#used++] ?? 0;
  }
}
