/**
 * Whole messages, as servers answer them: RFC 1035 4.1, RFC 2308 (negative answers), RFC 6891.
 *
 * Whatever they hold, nothing here throws, reads outside of the message or goes round in circles: pointers lead backwards, and what is
 * not as it should be makes the message no message. What follows the last record is not looked at.
 */
import { byteAt, longAt, wordAt } from "./bytes.ts";
import {
  dnssecOkBit,
  headerBits,
  headerLength,
  longestMessage,
  opcodeShift,
  rcodes,
  recordTypes,
} from "./constants.ts";
import { NamePath } from "./name.ts";

/** 1 answer, 2 authority, 3 additional. */
export type Section = 1 | 2 | 3;

/** A record, by where it is. All offsets are those in the buffer. */
export interface RecordPlace {
  readonly section: Section;
  readonly nameAt: number;
  readonly type: number;
  readonly class: number;
  /** Seconds; 0 where the topmost bit is set (RFC 2181 8). */
  readonly ttl: number;
  readonly ttlAt: number;
  readonly dataAt: number;
  readonly dataEnd: number;
}

export interface MessageQuestion {
  /** In the case that it has there. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Offsets of the name, and of what follows the class. */
  readonly at: number;
  readonly end: number;
}

export interface Message {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Offset of what follows the last record. */
  readonly end: number;
  readonly id: number;
  /** QR. */
  readonly response: boolean;
  readonly opcode: number;
  /** AA. */
  readonly authoritative: boolean;
  /** TC. */
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** AD, CD. */
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  /** With the eight bits that an OPT record adds (RFC 6891 6.1.3). */
  readonly rcode: number;
  /** Some servers leave it out where they answer with an error. */
  readonly question: MessageQuestion | undefined;
  /** All but OPT, in their order. */
  readonly records: readonly RecordPlace[];
  readonly edns:
    | { readonly version: number; readonly udpSize: number; readonly dnssecOk: boolean }
    | undefined;
  /**
   * How long "there is no such name" or "it has none of these" may be kept, in seconds (RFC 2308 5); undefined where the answer says
   * neither, or has no SOA record: then it is not to be kept.
   */
  readonly negativeTtl: number | undefined;
}

/** Where names lead, one at a time. */
const path = new NamePath();

type Found = (section: Section, nameAt: number, bodyAt: number, dataEnd: number) => void;

/**
 * Reads the records of a message, and nothing else of it.
 *
 * @param found is told the section, the type, the offset of the TTL and that of what follows the data; for OPT too, whose TTL is none
 * @returns whether the message is whole: it may have been told of records when it is not
 */
export function readRecords(
  message: Uint8Array,
  found: (section: Section, type: number, ttlAt: number, dataEnd: number) => void,
): boolean {
  if (message.length < headerLength || message.length > longestMessage) return false;
  const end = scan(message, 0, message.length, (section, _nameAt, bodyAt, dataEnd) => {
    found(section, wordAt(message, bodyAt), bodyAt + 4, dataEnd);
  });
  return end !== undefined;
}

/**
 * @param length how many bytes the message has, from `start` on
 * @returns undefined for what is none
 */
export function readMessage(bytes: Uint8Array, length = bytes.length, start = 0): Message | undefined {
  const limit = start + length;
  if (length < headerLength || length > longestMessage || start < 0 || limit > bytes.length) return undefined;
  const records: RecordPlace[] = [];
  let opt = 0;
  const end = scan(bytes, start, limit, (section, nameAt, bodyAt, dataEnd) => {
    const type = wordAt(bytes, bodyAt);
    if (type === recordTypes.OPT) opt = bodyAt;
    else records.push(placeOf(bytes, section, nameAt, bodyAt, dataEnd));
  });
  if (end === undefined) return undefined;
  const flags = wordAt(bytes, start + 2);
  const rcode = (flags & headerBits.RCODE) | (opt === 0 ? 0 : byteAt(bytes, opt + 4) << 4);
  const question = questionOf(bytes, start, limit);
  return {
    bytes,
    start,
    end,
    id: wordAt(bytes, start),
    response: (flags & headerBits.QR) !== 0,
    opcode: (flags & headerBits.OPCODE) >> opcodeShift,
    authoritative: (flags & headerBits.AA) !== 0,
    truncated: (flags & headerBits.TC) !== 0,
    recursionDesired: (flags & headerBits.RD) !== 0,
    recursionAvailable: (flags & headerBits.RA) !== 0,
    authenticData: (flags & headerBits.AD) !== 0,
    checkingDisabled: (flags & headerBits.CD) !== 0,
    rcode,
    question,
    records,
    edns:
      opt === 0
        ? undefined
        : {
            version: byteAt(bytes, opt + 5),
            udpSize: wordAt(bytes, opt + 2),
            dnssecOk: (wordAt(bytes, opt + 6) & dnssecOkBit) !== 0,
          },
    negativeTtl: negativeTtl(bytes, rcode, question, records),
  };
}

/** The name at an offset of a message that {@link readMessage} has read, in the case that it has there; undefined where there is none. */
export function nameAt({ bytes, start, end }: Message, at: number): string | undefined {
  return path.read(bytes, at, start, end) ? path.text(bytes, start) : undefined;
}

function placeOf(
  bytes: Uint8Array,
  section: Section,
  nameAt: number,
  bodyAt: number,
  dataEnd: number,
): RecordPlace {
  return {
    section,
    nameAt,
    type: wordAt(bytes, bodyAt),
    class: wordAt(bytes, bodyAt + 2),
    ttl: ttlAt(bytes, bodyAt + 4),
    ttlAt: bodyAt + 4,
    dataAt: bodyAt + 10,
    dataEnd,
  };
}

/** RFC 2181 8: with the topmost bit set it is 0. */
export function ttlAt(bytes: Uint8Array, offset: number): number {
  const ttl = longAt(bytes, offset);
  return ttl > 0x7fff_ffff ? 0 : ttl;
}

/** The first question, where there is one; the message has been scanned. */
function questionOf(bytes: Uint8Array, start: number, limit: number): MessageQuestion | undefined {
  const at = start + headerLength;
  if (wordAt(bytes, start + 4) === 0 || !path.read(bytes, at, start, limit)) return undefined;
  const { end } = path;
  const name = path.text(bytes, start);
  return { name, type: wordAt(bytes, end), class: wordAt(bytes, end + 2), at, end: end + 4 };
}

/** RFC 2308 2 and 5. Where an alias leads to nothing, that is what the answer says. */
function negativeTtl(
  bytes: Uint8Array,
  rcode: number,
  question: MessageQuestion | undefined,
  records: readonly RecordPlace[],
): number | undefined {
  if (question === undefined || (rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN)) return undefined;
  const { type } = question;
  const isAnswered = records.some(
    (record) => record.section === 1 && (record.type === type || type === recordTypes.ANY),
  );
  if (rcode === rcodes.NOERROR && isAnswered) return undefined;
  const soa = records.find((record) => record.section === 2 && record.type === recordTypes.SOA);
  return soa && Math.min(soa.ttl, ttlAt(bytes, soa.dataEnd - 4));
}

/** @returns where the last record ends; undefined where the message is none */
function scan(bytes: Uint8Array, start: number, limit: number, found: Found): number | undefined {
  const questions = wordAt(bytes, start + 4);
  // RFC 9619: one, or none.
  if (questions > 1) return undefined;
  let at = start + headerLength;
  if (questions === 1) {
    if (!path.read(bytes, at, start, limit) || path.end + 4 > limit) return undefined;
    at = path.end + 4;
  }
  let opts = 0;
  for (const section of sections) {
    for (let left = wordAt(bytes, start + 4 + section * 2); left > 0; left--) {
      if (!path.read(bytes, at, start, limit)) return undefined;
      const bodyAt = path.end;
      const dataAt = bodyAt + 10;
      if (dataAt > limit) return undefined;
      const dataEnd = dataAt + wordAt(bytes, bodyAt + 8);
      if (dataEnd > limit) return undefined;
      const type = wordAt(bytes, bodyAt);
      if (type === recordTypes.OPT) {
        // RFC 6891 6.1.1 and 6.1.2.
        if (section !== 3 || bodyAt !== at + 1 || ++opts > 1) return undefined;
      } else if (!isData(bytes, type, dataAt, dataEnd, start)) return undefined;
      found(section, at, bodyAt, dataEnd);
      at = dataEnd;
    }
  }
  return at;
}

const sections: readonly Section[] = [1, 2, 3];

/** Whether data is what its type says, for the types of RFC 1035, AAAA and SRV; of others nothing is known. */
function isData(bytes: Uint8Array, type: number, at: number, end: number, start: number): boolean {
  switch (type) {
    case recordTypes.A:
      return end - at === 4;
    case recordTypes.AAAA:
      return end - at === 16;
    case recordTypes.NS:
    case recordTypes.CNAME:
    case recordTypes.PTR:
    case recordTypes.DNAME:
      return nameEnd(bytes, at, end, start) === end;
    case recordTypes.MX:
      return nameEnd(bytes, at + 2, end, start) === end;
    case recordTypes.SRV:
      return nameEnd(bytes, at + 6, end, start) === end;
    case recordTypes.SOA: {
      const primaryEnd = nameEnd(bytes, at, end, start);
      return primaryEnd !== 0 && nameEnd(bytes, primaryEnd, end, start) + 20 === end;
    }
    case recordTypes.TXT:
    case recordTypes.HINFO:
      return areTexts(bytes, at, end);
    default:
      return true;
  }
}

/** 0 where there is no name; one that ends after `end` is none. */
function nameEnd(bytes: Uint8Array, at: number, end: number, start: number): number {
  return path.read(bytes, at, start, end) ? path.end : 0;
}

/** RFC 1035 3.3: lengths in one byte, with so many bytes behind them; one at least. */
function areTexts(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end) at += 1 + byteAt(bytes, at);
  return at === end && at > from;
}
