/**
 * A query, as far as a forwarder reads it: header and question (RFC 1035 4.1), and the OPT record of EDNS (RFC 6891 6.1).
 */

import { byteAt, lower, wordAt } from "../wire/bytes.ts";
import {
  dnssecOkBit,
  headerBits,
  headerLength,
  longestLabel,
  longestName,
  optLength,
  recordTypes,
  smallestUdp,
} from "../wire/constants.ts";

/** What a query wants besides its question. Answers differ by it, so it is part of what they are kept by. */
export const variants = { recursion: 1, authentic: 2, checkingDisabled: 4, edns: 8, dnssecOk: 16 } as const;

/** Made once and read into again and again. */
export class Question {
  /** Offsets of what comes after the name, and after the class. */
  nameEnd = 0;
  end = 0;
  type = 0;
  /** Bits of `variants`. */
  variant = 0;
  /** How long an answer by UDP may be. */
  udpLimit = smallestUdp;
  /** No capital letter in the name. */
  lowerCase = true;
  /**
   * A question like any other: what answers it depends on nothing but name, type, class and variant. One that is not (it is no
   * QUERY, has records besides OPT, another version of EDNS, a type that is about the transport) is sent on as it is, and its answer never kept.
   */
  plain = true;
  /** Over all that the question is found by. */
  hash = 0;

  /** @returns whether there is a header with one question, and no more than one. */
  read(bytes: Uint8Array, length: number, seed: number): boolean {
    if (length < headerLength + 5 || length > bytes.length) return false;
    if (wordAt(bytes, 4) !== 1 || (wordAt(bytes, 2) & headerBits.QR) !== 0) return false;
    const nameEnd = endOfName(bytes, length);
    if (nameEnd === 0 || nameEnd + 4 > length) return false;
    this.nameEnd = nameEnd;
    this.end = nameEnd + 4;
    this.type = wordAt(bytes, nameEnd);
    this.#readExtras(bytes, length);
    this.#readHash(bytes, length, seed);
    return true;
  }

  #readExtras(bytes: Uint8Array, length: number): void {
    const bits = wordAt(bytes, 2);
    let variant = 0;
    if ((bits & headerBits.RD) !== 0) variant |= variants.recursion;
    if ((bits & headerBits.AD) !== 0) variant |= variants.authentic;
    if ((bits & headerBits.CD) !== 0) variant |= variants.checkingDisabled;
    // RFC 6895 3.1: 128 and up are about the question or the transport, not data; 255 is ANY.
    let plain =
      (bits & ~(headerBits.RD | headerBits.AD | headerBits.CD)) === 0 &&
      wordAt(bytes, 6) === 0 &&
      wordAt(bytes, 8) === 0 &&
      this.type !== recordTypes.OPT &&
      (this.type < 128 || this.type > 254);
    this.udpLimit = smallestUdp;
    const { end } = this;
    const others = wordAt(bytes, 10);
    const hasOpt =
      others > 0 &&
      length >= end + optLength &&
      byteAt(bytes, end) === 0 &&
      wordAt(bytes, end + 1) === recordTypes.OPT;
    if (hasOpt) {
      variant |= variants.edns;
      if ((wordAt(bytes, end + 7) & dnssecOkBit) !== 0) variant |= variants.dnssecOk;
      this.udpLimit = Math.max(smallestUdp, wordAt(bytes, end + 3));
      const version = byteAt(bytes, end + 6);
      plain &&= others === 1 && version === 0 && length === end + optLength + wordAt(bytes, end + 9);
    } else {
      plain &&= others === 0 && length === end;
    }
    this.variant = variant;
    this.plain = plain;
  }

  /** FNV-1a, begun with a number that a sandbox does not know. */
  #readHash(bytes: Uint8Array, length: number, seed: number): void {
    const { nameEnd, plain } = this;
    let hash = seed ^ this.variant;
    let lowerCase = true;
    for (let offset = headerLength; offset < nameEnd; offset++) {
      // The lengths of labels are 63 at most, less than any letter.
      const asked = byteAt(bytes, offset);
      const byte = lower(asked);
      lowerCase &&= byte === asked;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    const end = plain ? this.end : length;
    for (let offset = nameEnd; offset < end; offset++)
      hash = Math.imul(hash ^ byteAt(bytes, offset), 0x01000193);
    this.lowerCase = lowerCase;
    this.hash = hash ^ (hash >>> 15);
  }
}

/** After the root's label, or 0 where the name is cut short, too long, or leads elsewhere. */
function endOfName(bytes: Uint8Array, length: number): number {
  let offset = headerLength;
  while (offset < length) {
    const label = byteAt(bytes, offset);
    if (label === 0) return offset + 1;
    if (label > longestLabel) return 0;
    offset += label + 1;
    if (offset - headerLength >= longestName) return 0;
  }
  return 0;
}

export function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Whether two messages ask for the same: names without regard to case, type and class. */
export function sameQuestion(one: Uint8Array, other: Uint8Array, nameEnd: number): boolean {
  for (let offset = headerLength; offset < nameEnd; offset++) {
    const byte = byteAt(one, offset);
    const difference = byte ^ byteAt(other, offset);
    if (difference !== 0 && !(difference === 0x20 && isLetter(byte))) return false;
  }
  return (
    wordAt(one, nameEnd) === wordAt(other, nameEnd) && wordAt(one, nameEnd + 2) === wordAt(other, nameEnd + 2)
  );
}
