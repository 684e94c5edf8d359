/**
 * What records hold, as text and numbers, and the bytes that they are written as: RFC 1035 3.3 and 3.4, RFC 3596, RFC 2782.
 */
import { parseIp } from "../../address/ip.ts";
import type { RecordData } from "../../contracts/names.ts";
import { invalid } from "../../errors.ts";
import { longestMessage, recordTypes } from "./constants.ts";
import { type WireName, wireName } from "./name.ts";

/** What is written and read besides the records that people have: RFC 1035 3.3.13, RFC 2308 4. */
export interface SoaData {
  readonly type: "SOA";
  /** MNAME, the server that has the zone's data first. */
  readonly primary: string;
  /** RNAME, a mail address with a dot for its `@`. */
  readonly mailbox: string;
  readonly serial: number;
  /** Seconds. */
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** Seconds that "there is none" may be kept. */
  readonly minimum: number;
}

/** RFC 1035 3.3.2; what RFC 8482 4.2 answers to ANY: `{ cpu: "RFC8482", os: "" }`. */
export interface HinfoData {
  readonly type: "HINFO";
  readonly cpu: string;
  readonly os: string;
}

export interface NsData {
  readonly type: "NS";
  readonly target: string;
}

/** RFC 1035 3.3.9. */
export interface MxData {
  readonly type: "MX";
  readonly preference: number;
  readonly target: string;
}

/** Of a type that is not known here: no names in it are pointers (RFC 3597 4). */
export interface OpaqueData {
  readonly type: "OPAQUE";
  readonly number: number;
  readonly bytes: Uint8Array;
}

export type AnyRecordData = RecordData | SoaData | HinfoData | NsData | MxData | OpaqueData;

/** The type's number. */
export function typeOf(data: AnyRecordData): number {
  return data.type === "OPAQUE" ? data.number : recordTypes[data.type];
}

/** RDATA: bytes, then names that may be written as pointers (RFC 3597 4: those of RFC 1035 alone), then bytes. */
export interface DataBytes {
  readonly before: Uint8Array;
  readonly names: readonly WireName[];
  readonly after: Uint8Array;
  /** A name at the end of `before` that others may point to. */
  readonly target?: WireName;
}

const nothing = new Uint8Array(0);
/** RFC 1035 3.3: a length in one byte. */
const longestText = 255;

/**
 * @throws invalid_address
 * @throws invalid_name for a name that is none (see `wireName`)
 * @throws invalid_record for texts that are too long, numbers that do not fit
 */
export function dataBytes(data: AnyRecordData): DataBytes {
  switch (data.type) {
    case "A":
      return { before: parseIp(data.address, 4).bytes(), names: [], after: nothing };
    case "AAAA":
      return { before: parseIp(data.address, 6).bytes(), names: [], after: nothing };
    case "NS":
    case "CNAME":
    case "PTR":
      return { before: nothing, names: [nameBytes(data.target)], after: nothing };
    case "MX":
      return { before: words(data.preference), names: [nameBytes(data.target)], after: nothing };
    case "OPAQUE":
      return { before: data.bytes, names: [], after: nothing };
    case "TXT":
      return { before: textBytes(data.texts.length === 0 ? [""] : data.texts), names: [], after: nothing };
    case "HINFO":
      return { before: textBytes([data.cpu, data.os]), names: [], after: nothing };
    case "SRV": {
      // RFC 2782: the target is never a pointer.
      const target = nameBytes(data.target);
      const before = Buffer.concat([words(data.priority, data.weight, data.port), target.bytes]);
      return { before, names: [], after: nothing, target };
    }
    case "SOA":
      return {
        before: nothing,
        names: [nameBytes(data.primary), nameBytes(data.mailbox)],
        after: longs(data.serial, data.refresh, data.retry, data.expire, data.minimum),
      };
  }
}

/** @throws invalid_name */
export function nameBytes(text: string): WireName {
  const name = wireName(text);
  if (name === undefined) {
    throw invalid(
      "invalid_name",
      `${JSON.stringify(text)} is no DNS name: labels have 1 to 63 bytes, a name 255 at most`,
      text,
    );
  }
  return name;
}

function textBytes(texts: readonly string[]): Uint8Array {
  const strings = texts.flatMap((text) => {
    const bytes = Buffer.from(text, "utf8");
    if (bytes.length > longestText) {
      throw invalid("invalid_record", `a text of a record has ${bytes.length} bytes: 255 at most`, text);
    }
    return [Uint8Array.of(bytes.length), bytes];
  });
  const bytes = Buffer.concat(strings);
  if (bytes.length > longestMessage) {
    throw invalid("invalid_record", `the texts of a record have ${bytes.length} bytes: 65535 at most`);
  }
  return bytes;
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(within(value, 0xffff), index * 2);
  return bytes;
}

function longs(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(within(value, 0xffff_ffff), index * 4);
  return bytes;
}

function within(value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw invalid("invalid_record", `${value} does not fit: a whole number from 0 to ${most}`, value);
}
