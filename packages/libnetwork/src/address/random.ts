/**
 * Random bytes from a pool: an attach wants several handfuls, and a system call for each would cost more than their use.
 */
import { randomFillSync } from "node:crypto";

const pool = new Uint8Array(4096);
let used = pool.length;

/**
 * Fresh bytes from the system's cryptographic generator, never handed out twice.
 *
 * @param count at most 4096.
 */
export function pooledRandomBytes(count: number): Uint8Array {
  if (count > pool.length)
    throw new RangeError(`at most ${pool.length} random bytes at a time, not ${count}`);
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.slice(used, used + count);
  used += count;
  return bytes;
}
