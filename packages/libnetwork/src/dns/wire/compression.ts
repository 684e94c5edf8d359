/**
 * Where in a message names stand that others may point to (RFC 1035 4.1.4), found by a hash of what is left of a name from a label on.
 */
import { byteAt, lower, wordAt } from "./bytes.ts";
import type { WireName } from "./name.ts";

const slots = 1024;
/** How many slots are looked at: what is found no place is written out again. */
const probes = 8;
/** A pointer has 14 bits. */
const furthest = 0x3fff;

/** Of one message after the other. */
export class Compression {
  readonly #hashes = new Int32Array(slots);
  readonly #offsets = new Uint16Array(slots);
  readonly #messages = new Uint32Array(slots);
  /** Counts messages: what an earlier one left in a slot is nothing. */
  #message = 0;

  begin(): void {
    this.#message = (this.#message + 1) >>> 0;
    if (this.#message !== 0) return;
    this.#messages.fill(0);
    this.#message = 1;
  }

  /** Of a label at `offset` from the message's start, and what follows it. */
  add(hash: number, offset: number): void {
    if (offset > furthest) return;
    for (let probe = 0; probe < probes; probe++) {
      const slot = (hash + probe) & (slots - 1);
      if (this.#messages[slot] === this.#message) continue;
      this.#messages[slot] = this.#message;
      this.#hashes[slot] = hash;
      this.#offsets[slot] = offset;
      return;
    }
  }

  /**
   * Where the name, from its label `from` on, stands already.
   *
   * @param bytes with a message that begins at `start`
   * @returns 0: nowhere
   */
  find(bytes: Uint8Array, start: number, name: WireName, from: number): number {
    const hash = name.hashes[from] ?? 0;
    for (let probe = 0; probe < probes; probe++) {
      const slot = (hash + probe) & (slots - 1);
      if (this.#messages[slot] !== this.#message) return 0;
      const offset = this.#offsets[slot] ?? 0;
      const isIt =
        this.#hashes[slot] === hash && isName(bytes, start, offset, name.bytes, name.labels[from] ?? 0);
      if (isIt) return offset;
    }
    return 0;
  }
}

/** Whether what we wrote at `offset` is the name from `at` on, whatever the case of its letters. */
function isName(message: Uint8Array, start: number, offset: number, name: Uint8Array, at: number): boolean {
  let here = start + offset;
  for (let there = at; there < name.length; there++) {
    // Only where a label begins can there be a pointer: the bytes of labels are compared below.
    while (byteAt(message, here) >= 0xc0) here = start + (wordAt(message, here) & furthest);
    const length = byteAt(name, there);
    if (byteAt(message, here) !== length) return false;
    here++;
    for (const end = there + length; there < end; here++) {
      there++;
      if (lower(byteAt(message, here)) !== lower(byteAt(name, there))) return false;
    }
  }
  return true;
}
