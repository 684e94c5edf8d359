/**
 * Names: as text, as labels, and where they stand in a message. RFC 1035 3.1 and 4.1.4, RFC 4343.
 *
 * Text is one character a byte (latin1), labels joined by dots, without the dot at the end; the root is "". A dot and a backslash that are
 * inside of a label have a backslash before them (RFC 1035 5.1). Every name has one such text, and every such text one name.
 */
import { byteAt, lower } from "./bytes.ts";
import { headerLength, longestLabel, longestName } from "./constants.ts";

const dot = 0x2e;
const backslash = 0x5c;
/** How many pointers a name may follow: one behind each label is the most that any name needs. */
const mostPointers = longestName >> 1;

/** A name as bytes, ready to be written and to be found again by compression. */
export interface WireName {
  /** Labels, each after its length, and the root's 0. */
  readonly bytes: Uint8Array;
  /** Where its labels begin, without the root's. */
  readonly labels: readonly number[];
  /** Of each label and what follows it: {@link hashLabel}, from the last to the first. */
  readonly hashes: readonly number[];
}

/** Whoever adds this to a hash of the rest of the name has a hash of the name, whatever its case. */
export function hashLabel(rest: number, bytes: Uint8Array, at: number): number {
  const end = at + byteAt(bytes, at) + 1;
  let hash = rest;
  for (let offset = at; offset < end; offset++)
    hash = Math.imul(hash ^ lower(byteAt(bytes, offset)), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Of no labels. */
export const rootHash = 0x1c9dc5;

/**
 * The bytes of a name. A dot at the end is allowed, and `\DDD` for any byte.
 *
 * @returns undefined where a label is empty or has more than 63 bytes, the name more than 255, or a character more than one byte
 */
export function wireName(text: string): WireName | undefined {
  const bytes = bytesOf(text);
  if (bytes === undefined) return undefined;
  const labels: number[] = [];
  for (let at = 0; byteAt(bytes, at) !== 0; at += byteAt(bytes, at) + 1) labels.push(at);
  const hashes: number[] = [];
  let hash = rootHash;
  for (const at of labels.toReversed()) {
    hash = hashLabel(hash, bytes, at);
    hashes.push(hash);
  }
  return { bytes, labels, hashes: hashes.reverse() };
}

function bytesOf(text: string): Uint8Array | undefined {
  const bytes = [0];
  let labelAt = 0;
  if (text === "" || text === ".") return Uint8Array.from(bytes);
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code === dot) {
      if (!endLabel(bytes, labelAt)) return undefined;
      labelAt = bytes.length;
      bytes.push(0);
      continue;
    }
    if (code === backslash) {
      const digits = /^\d{3}/.exec(text.slice(index + 1, index + 4))?.[0];
      code = digits === undefined ? text.charCodeAt(index + 1) : Number(digits);
      index += digits?.length ?? 1;
    }
    // NaN, after a backslash at the end, is no byte either.
    if (!(code <= 0xff)) return undefined;
    bytes.push(code);
    if (bytes.length > longestName) return undefined;
  }
  if (bytes.length - 1 > labelAt) {
    if (!endLabel(bytes, labelAt)) return undefined;
    bytes.push(0);
  }
  return bytes.length <= longestName ? Uint8Array.from(bytes) : undefined;
}

/** Puts the label's length before it. */
function endLabel(bytes: number[], labelAt: number): boolean {
  const length = bytes.length - labelAt - 1;
  bytes[labelAt] = length;
  return length > 0 && length <= longestLabel;
}

/**
 * Follows a name through a message: its labels are where {@link NamePath.labels} says. Made once and read into again and again.
 *
 * A pointer leads backwards only, to what ends before its own part of the name began, so that no name comes by the same place twice; and a
 * name follows no more of them than it can need, so that many records that lead along many pointers take no long time.
 */
export class NamePath {
  /** Offsets of its labels in the bytes; only the first `count` are this name's. */
  readonly labels = new Uint16Array(longestName >> 1);
  count = 0;
  /** Offset of what follows the name where it stands. */
  end = 0;

  /**
   * @param start where the message begins: pointers count from there
   * @param limit where it ends
   * @returns false where there is no name
   */
  read(bytes: Uint8Array, at: number, start: number, limit: number): boolean {
    let offset = at;
    let partAt = at;
    let partLimit = limit;
    let length = 1;
    let pointers = 0;
    this.count = 0;
    this.end = 0;
    while (offset < partLimit) {
      const label = byteAt(bytes, offset);
      if (label === 0) {
        if (this.end === 0) this.end = offset + 1;
        return true;
      }
      if (label > longestLabel) {
        // 01 and 10 are no labels any more (RFC 6891 5).
        if (label < 0xc0 || offset + 1 >= partLimit) return false;
        if (this.end === 0) this.end = offset + 2;
        const target = start + (((label & 0x3f) << 8) | byteAt(bytes, offset + 1));
        if (target >= partAt || target < start + headerLength || ++pointers > mostPointers) return false;
        offset = target;
        partLimit = partAt;
        partAt = target;
        continue;
      }
      length += label + 1;
      if (length > longestName || offset + label >= partLimit) return false;
      this.labels[this.count++] = offset - start;
      offset += label + 1;
    }
    return false;
  }

  /** The text of what was read, in the case that it has there. */
  text(bytes: Uint8Array, start: number): string {
    let text = "";
    for (let index = 0; index < this.count; index++) {
      if (index > 0) text += ".";
      const at = start + (this.labels[index] ?? 0);
      text += labelText(bytes, at + 1, at + 1 + byteAt(bytes, at));
    }
    return text;
  }
}

function labelText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let offset = from; offset < to; offset++) {
    const byte = byteAt(bytes, offset);
    if (byte === dot || byte === backslash) text += "\\";
    text += String.fromCharCode(byte);
  }
  return text;
}
