/**
 * Changes of a message in its place: what makes a kept answer that of another asker, some time later.
 */
import { byteAt, lower, setLong, setWord, wordAt } from "./bytes.ts";
import { headerLength } from "./constants.ts";
import { type Message, ttlAt } from "./message.ts";
import type { Asked } from "./query.ts";

export function setId(bytes: Uint8Array, id: number, start = 0): void {
  setWord(bytes, start, id);
}

/** Offsets of all TTLs of a message, from its start on: OPT has none. */
export function ttlOffsets({ records, start }: Message): readonly number[] {
  return records.map((record) => record.ttlAt - start);
}

/** Takes `seconds` off each TTL, down to 0. (A name with a pointer into a TTL, which no server writes, becomes another by it, or none.) */
export function lowerTtls(bytes: Uint8Array, offsets: readonly number[], seconds: number, start = 0): void {
  for (const offset of offsets) {
    const at = start + offset;
    setLong(bytes, at, Math.max(0, ttlAt(bytes, at) - seconds));
  }
}

/**
 * Puts the question as it was asked, in its case, in the place of an answer's.
 *
 * @param start where the answer begins, a message that `readMessage` has read
 * @param length the answer's
 * @returns false, and nothing is changed, where it is another question, or there is none
 */
export function putQuestion(bytes: Uint8Array, asked: Asked, length: number, start = 0): boolean {
  const from = asked.start + headerLength;
  const count = asked.questionEnd - from;
  const to = start + headerLength;
  if (count === 0 || headerLength + count > length || to + count > bytes.length) return false;
  if (wordAt(bytes, start + 4) === 0) return false;
  // Type and class are compared as they are.
  for (let index = 0; index < count; index++) {
    const one = byteAt(bytes, to + index);
    const other = byteAt(asked.message, from + index);
    if (one !== other && (index >= count - 4 || lower(one) !== lower(other))) return false;
  }
  for (let index = 0; index < count; index++) bytes[to + index] = byteAt(asked.message, from + index);
  return true;
}
