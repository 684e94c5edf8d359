/**
 * What is written to servers and askers: the query that is sent on, its name in a case by chance, a bare answer.
 */

import { byteAt, lower, setWord, wordAt } from "../wire/bytes.ts";
import {
  dnssecOkBit,
  headerBits,
  headerLength,
  longestName,
  optLength,
  recordTypes,
} from "../wire/constants.ts";
import type { RandomNumbers } from "./contract.ts";
import { isLetter, type Question, variants } from "./question.ts";

/** What fits a packet of every usual path: dnsflagday.net/2020. */
const udpSize = 1232;

/** The longest that `writeBare` writes. */
export const bareLength = headerLength + longestName + 4 + optLength;

/**
 * The query for servers, its id to be put in by each try. EDNS is from hop to hop (RFC 6891 6.1.1): the asker's cookie or padding
 * is nothing to a server that does not see the asker, so what is sent has an OPT record of our own, without options.
 */
export function outgoing(query: Uint8Array, length: number, question: Question): Uint8Array {
  if (!question.plain) return new Uint8Array(query.subarray(0, length));
  const edns = (question.variant & variants.edns) !== 0;
  const bytes = new Uint8Array(question.end + (edns ? optLength : 0));
  for (let offset = 0; offset < question.end; offset++) bytes[offset] = byteAt(query, offset);
  if (edns) writeOpt(bytes, question.end, question.variant);
  setWord(bytes, 10, edns ? 1 : 0);
  return bytes;
}

/** Each letter of the name in a case by chance (draft-vixie-dnsext-dns0x20): what a stranger has to guess besides id and port. */
export function mixCase(bytes: Uint8Array, nameEnd: number, random: RandomNumbers): void {
  let bits = 0;
  let left = 0;
  for (let offset = headerLength; offset < nameEnd; offset++) {
    const byte = byteAt(bytes, offset);
    if (!isLetter(byte)) continue;
    if (left === 0) {
      bits = random.next();
      left = 16;
    }
    bytes[offset] = (byte & ~0x20) | ((bits & 1) << 5);
    bits >>>= 1;
    left--;
  }
}

export function lowerCase(bytes: Uint8Array, nameEnd: number): void {
  for (let offset = headerLength; offset < nameEnd; offset++) {
    bytes[offset] = lower(byteAt(bytes, offset));
  }
}

/** Makes an answer that of the asker's query: its id, and what it wanted. */
export function address(answer: Uint8Array, id: number, variant: number): void {
  setWord(answer, 0, id);
  let bits = wordAt(answer, 2) & ~(headerBits.RD | headerBits.CD);
  if ((variant & variants.recursion) !== 0) bits |= headerBits.RD;
  if ((variant & variants.checkingDisabled) !== 0) bits |= headerBits.CD;
  setWord(answer, 2, bits);
}

/**
 * Writes header and question of `from`, and an OPT record where the asker sent one: no records.
 *
 * @returns how long it is
 */
export function writeBare(bytes: Uint8Array, from: Uint8Array, questionEnd: number, variant: number): number {
  for (let offset = 0; offset < questionEnd; offset++) bytes[offset] = byteAt(from, offset);
  const edns = (variant & variants.edns) !== 0;
  bytes.fill(0, 6, headerLength);
  if (!edns) return questionEnd;
  bytes[11] = 1;
  writeOpt(bytes, questionEnd, variant);
  return questionEnd + optLength;
}

/** RFC 6891 6.1.2, without options. */
function writeOpt(bytes: Uint8Array, offset: number, variant: number): void {
  bytes.fill(0, offset, offset + optLength);
  bytes[offset + 2] = recordTypes.OPT;
  setWord(bytes, offset + 3, udpSize);
  if ((variant & variants.dnssecOk) !== 0) setWord(bytes, offset + 7, dnssecOkBit);
}
