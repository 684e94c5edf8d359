/**
 * A query, as far as a forwarder reads it: header and question (RFC 1035 4.1), and the OPT record of EDNS (RFC 6891 6.1).
 */

export const headerLength = 12;
/** Without EDNS (RFC 1035 4.2.1). */
const smallestUdp = 512;
export const optLength = 11;
const optType = 41;

/** What a query wants besides its question. Answers differ by it, so it is part of what they are kept by. */
export const variants = { recursion: 1, authentic: 2, checkingDisabled: 4, edns: 8, dnssecOk: 16 } as const;

/** Bits of the header's bytes 2 and 3. */
export const flags = {
  response: 0x80,
  opcode: 0x78,
  authoritative: 0x04,
  truncated: 0x02,
  recursion: 0x01,
  authentic: 0x20,
  checkingDisabled: 0x10,
  code: 0x0f,
} as const;

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
    if (at(bytes, 4) !== 0 || at(bytes, 5) !== 1 || (at(bytes, 2) & flags.response) !== 0) return false;
    const nameEnd = endOfName(bytes, length);
    if (nameEnd === 0 || nameEnd + 4 > length) return false;
    this.nameEnd = nameEnd;
    this.end = nameEnd + 4;
    this.type = word(bytes, nameEnd);
    this.#readExtras(bytes, length);
    this.#readHash(bytes, length, seed);
    return true;
  }

  #readExtras(bytes: Uint8Array, length: number): void {
    const first = at(bytes, 2);
    const second = at(bytes, 3);
    let variant = 0;
    if ((first & flags.recursion) !== 0) variant |= variants.recursion;
    if ((second & flags.authentic) !== 0) variant |= variants.authentic;
    if ((second & flags.checkingDisabled) !== 0) variant |= variants.checkingDisabled;
    // RFC 6895 3.1: 128 and up are about the question or the transport, not data; 255 is ANY.
    let plain =
      (first & ~flags.recursion) === 0 &&
      (second & ~(flags.authentic | flags.checkingDisabled)) === 0 &&
      word(bytes, 6) === 0 &&
      word(bytes, 8) === 0 &&
      this.type !== optType &&
      (this.type < 128 || this.type > 254);
    this.udpLimit = smallestUdp;
    const { end } = this;
    const others = word(bytes, 10);
    const hasOpt =
      others > 0 && length >= end + optLength && at(bytes, end) === 0 && word(bytes, end + 1) === optType;
    if (hasOpt) {
      variant |= variants.edns;
      if ((at(bytes, end + 7) & 0x80) !== 0) variant |= variants.dnssecOk;
      this.udpLimit = Math.max(smallestUdp, word(bytes, end + 3));
      const version = at(bytes, end + 6);
      plain &&= others === 1 && version === 0 && length === end + optLength + word(bytes, end + 9);
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
      let byte = at(bytes, offset);
      // The lengths of labels are 63 at most, less than any letter.
      if (byte >= 0x41 && byte <= 0x5a) {
        byte |= 0x20;
        lowerCase = false;
      }
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    const end = plain ? this.end : length;
    for (let offset = nameEnd; offset < end; offset++) hash = Math.imul(hash ^ at(bytes, offset), 0x01000193);
    this.lowerCase = lowerCase;
    this.hash = hash ^ (hash >>> 15);
  }
}

/** After the root's label, or 0 where the name is cut short, too long, or leads elsewhere. */
function endOfName(bytes: Uint8Array, length: number): number {
  let offset = headerLength;
  while (offset < length) {
    const label = at(bytes, offset);
    if (label === 0) return offset + 1;
    if (label > 63) return 0;
    offset += label + 1;
    if (offset - headerLength > 254) return 0;
  }
  return 0;
}

/** The byte there; 0 outside, which no caller asks for. */
export function at(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

export function word(bytes: Uint8Array, offset: number): number {
  return (at(bytes, offset) << 8) | at(bytes, offset + 1);
}

export function setWord(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Whether two messages ask for the same: names without regard to case, type and class. */
export function sameQuestion(one: Uint8Array, other: Uint8Array, nameEnd: number): boolean {
  for (let offset = headerLength; offset < nameEnd; offset++) {
    const byte = at(one, offset);
    const difference = byte ^ at(other, offset);
    if (difference !== 0 && !(difference === 0x20 && isLetter(byte))) return false;
  }
  return word(one, nameEnd) === word(other, nameEnd) && word(one, nameEnd + 2) === word(other, nameEnd + 2);
}
