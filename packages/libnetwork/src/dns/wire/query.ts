/**
 * Queries: what a sandbox asks, and what is wrong with it. RFC 1035 4.1, RFC 6891 (EDNS), RFC 9619 (one question).
 */
import { byteAt, lower, wordAt } from "./bytes.ts";
import {
  dnssecOkBit,
  headerBits,
  headerLength,
  longestLabel,
  longestMessage,
  longestName,
  opcodeShift,
  opcodes,
  rcodes,
  recordTypes,
  smallestUdp,
} from "./constants.ts";
import { NamePath } from "./name.ts";
import { NameTexts } from "./name-texts.ts";

/** What an answer takes over from its query, be that good or bad. */
export interface Asked {
  /** The buffer in which it stands, and where there: it must not change until it is answered. */
  readonly message: Uint8Array;
  readonly start: number;
  /** Offset in the buffer of what follows the question, whose bytes begin 12 after the start; where that is the end, the answer has no question. */
  readonly questionEnd: number;
  readonly id: number;
  readonly opcode: number;
  /** RD. */
  readonly recursionDesired: boolean;
  /** CD. */
  readonly checkingDisabled: boolean;
  /** It has an OPT record, so the answer has one (RFC 6891 6.1.1). */
  readonly edns: boolean;
  /** DO. */
  readonly dnssecOk: boolean;
  /** How long an answer by UDP may be: 512 without EDNS. */
  readonly udpLimit: number;
}

/** A question that is to be answered. */
export interface Query extends Asked {
  readonly rcode: typeof rcodes.NOERROR;
  /** In lower case, a character a byte, as `name.ts` says. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** What is answered with nothing but an error. */
export interface Refusal extends Asked {
  readonly rcode: typeof rcodes.FORMERR | typeof rcodes.NOTIMP | typeof rcodes.BADVERS;
}

export interface QueryReaderOptions {
  /** The most that is sent by UDP, whatever the asker would take: 512 to 65,535. Default 4,096. */
  readonly largestUdp?: number;
}

type Code = Query["rcode"] | Refusal["rcode"];

/** What a reader answers with each time: one object for good queries, one for bad ones. */
class Reading<C extends Code> implements Asked {
  message: Uint8Array = new Uint8Array(0);
  start = 0;
  questionEnd = 0;
  id = 0;
  opcode = 0;
  recursionDesired = false;
  checkingDisabled = false;
  edns = false;
  dnssecOk = false;
  udpLimit = smallestUdp;
  name = "";
  type = 0;
  class = 0;
  rcode: C;

  constructor(rcode: C) {
    this.rcode = rcode;
  }
}

/** Reads one query after another. What it answers with is its own, and the next query's when that is read. */
export class QueryReader {
  readonly #largestUdp: number;
  readonly #query = new Reading<Query["rcode"]>(rcodes.NOERROR);
  readonly #refusal = new Reading<Refusal["rcode"]>(rcodes.FORMERR);
  readonly #texts = new NameTexts();
  /** Twice a name: each of its bytes may have a backslash before it. */
  readonly #text = Buffer.alloc(2 * longestName);
  readonly #owner = new NamePath();

  constructor({ largestUdp = 4096 }: QueryReaderOptions = {}) {
    this.#largestUdp = Math.min(Math.max(largestUdp, smallestUdp), longestMessage);
  }

  /**
   * @param length how many bytes the message has, from `start` on
   * @returns undefined for what deserves no answer: shorter than a header, itself an answer
   */
  read(message: Uint8Array, length: number, start = 0): Query | Refusal | undefined {
    if (length < headerLength || length > longestMessage || start < 0 || start + length > message.length) {
      return undefined;
    }
    const bits = wordAt(message, start + 2);
    if ((bits & headerBits.QR) !== 0) return undefined;
    const query = this.#query;
    query.message = message;
    query.start = start;
    query.questionEnd = start + headerLength;
    query.id = wordAt(message, start);
    query.opcode = (bits & headerBits.OPCODE) >> opcodeShift;
    query.recursionDesired = (bits & headerBits.RD) !== 0;
    query.checkingDisabled = (bits & headerBits.CD) !== 0;
    query.edns = false;
    query.dnssecOk = false;
    query.udpLimit = smallestUdp;
    const rcode = this.#readBody(query, start + length);
    if (query.opcode !== opcodes.QUERY) return this.#refuse(rcodes.NOTIMP);
    return rcode === rcodes.NOERROR ? query : this.#refuse(rcode);
  }

  #refuse(rcode: Refusal["rcode"]): Refusal {
    return Object.assign(this.#refusal, this.#query, { rcode });
  }

  #readBody(query: Reading<0>, end: number): Code {
    const { message, start } = query;
    if (wordAt(message, start + 4) !== 1) return rcodes.FORMERR;
    const nameEnd = this.#readName(query, end);
    if (nameEnd === 0 || nameEnd + 4 > end) return rcodes.FORMERR;
    query.type = wordAt(message, nameEnd);
    query.class = wordAt(message, nameEnd + 2);
    query.questionEnd = nameEnd + 4;
    const rcode = this.#readRecords(query, end);
    // What is about a message is not asked for (RFC 6895 3.1).
    const { type } = query;
    return type === recordTypes.OPT || type === recordTypes.TSIG ? rcodes.FORMERR : rcode;
  }

  /**
   * The question's name. There is nothing before it that a pointer could lead to.
   *
   * @returns where it ends; 0 where it is broken
   */
  #readName(query: Reading<0>, limit: number): number {
    const { message, start } = query;
    const nameAt = start + headerLength;
    const end = Math.min(limit, nameAt + longestName);
    const text = this.#text;
    let length = 0;
    let hash = 0;
    let offset = nameAt;
    while (offset < end) {
      const label = byteAt(message, offset++);
      if (label === 0) {
        query.name = this.#texts.of(text, length, hash);
        return offset;
      }
      const labelEnd = offset + label;
      if (label > longestLabel || labelEnd >= end) return 0;
      if (length > 0) text[length++] = 0x2e;
      for (; offset < labelEnd; offset++) {
        const byte = lower(byteAt(message, offset));
        if (byte === 0x2e || byte === 0x5c) text[length++] = 0x5c;
        text[length++] = byte;
        hash = Math.imul(hash ^ byte, 0x01000193);
      }
    }
    return 0;
  }

  /** RFC 6891 6.1: an OPT record, among the additional ones. */
  #readRecords(query: Reading<0>, end: number): Code {
    const { message, start } = query;
    // Answers to a question are no question.
    if (wordAt(message, start + 6) !== 0) return rcodes.FORMERR;
    // RFC 1995 3: what the asker has. No other question has any.
    const authorities = wordAt(message, start + 8);
    if (authorities !== 0 && query.type !== recordTypes.IXFR) return rcodes.FORMERR;
    const records = authorities + wordAt(message, start + 10);
    let at = query.questionEnd;
    let version = 0;
    for (let index = 0; index < records; index++) {
      if (!this.#owner.read(message, at, start, end)) return rcodes.FORMERR;
      const bodyAt = this.#owner.end;
      if (bodyAt + 10 > end) return rcodes.FORMERR;
      const dataAt = bodyAt + 10;
      const dataEnd = dataAt + wordAt(message, bodyAt + 8);
      if (dataEnd > end) return rcodes.FORMERR;
      if (wordAt(message, bodyAt) === recordTypes.OPT) {
        if (index < authorities || bodyAt !== at + 1 || query.edns) return rcodes.FORMERR;
        query.edns = true;
        query.udpLimit = Math.min(Math.max(wordAt(message, bodyAt + 2), smallestUdp), this.#largestUdp);
        version = byteAt(message, bodyAt + 5);
        query.dnssecOk = (wordAt(message, bodyAt + 6) & dnssecOkBit) !== 0;
        // What another version has there is not known.
        if (version === 0 && !areOptions(message, dataAt, dataEnd)) return rcodes.FORMERR;
      }
      at = dataEnd;
    }
    if (at !== end) return rcodes.FORMERR;
    return version === 0 ? rcodes.NOERROR : rcodes.BADVERS;
  }
}

/** RFC 6891 6.1.2: pairs of a code and a length, with so many bytes behind them. */
function areOptions(message: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at + 4 <= end) at += 4 + wordAt(message, at + 2);
  return at === end;
}

/** One query alone: what it answers with stays as it is. Use a {@link QueryReader} for many. */
export function readQuery(
  message: Uint8Array,
  length: number,
  start = 0,
  options?: QueryReaderOptions,
): Query | Refusal | undefined {
  return new QueryReader(options).read(message, length, start);
}
