/**
 * DNS records that a user puts into a network, checked. RFC 1035, 2782, 3596.
 */
import { parseIp } from "../../address/ip.ts";
import type { NetworkRecordOf, RecordData } from "../../contracts/names.ts";
import { invalid } from "../../errors.ts";
import { hostname } from "../../options/host-file-texts.ts";
import {
  integer,
  invalidOption,
  listOf,
  named,
  objectOf,
  oneOf,
  type Parsed,
  type Parser,
  string,
  textBy,
} from "../../options/parse.ts";
import { alias, longestTtl } from "./name-options.ts";

/** What a user can add; PTR records are made of the endpoints' addresses. */
type UsersData = Exclude<RecordData, { type: "PTR" }>;

/** A record of a network: what stands in it depends on its type. */
export type NameRecord = UsersData & Pick<NetworkRecordOf, "name" | "ttl">;

/** Seconds, where nothing else is said: Docker's. */
const defaultTtl = 600;
/** Bytes of a TXT record's texts together: with more, the answer fits no packet. */
const longestTexts = 4096;

const texts: Parser<readonly string[]> = (value, name) => {
  const given = listOf(string)(value, name);
  const sizes = given.map((text) => Buffer.byteLength(text));
  const tooLong = sizes.findIndex((size) => size > 255);
  if (tooLong >= 0)
    throw invalidOption(`${name}[${tooLong}]`, given[tooLong], "a text of at most 255 bytes: split it");
  if (given.length === 0 || sizes.reduce((sum, size) => sum + size + 1, 0) > longestTexts)
    throw invalid(
      "invalid_record",
      `${name}: give one text at least, and no more than ${longestTexts} bytes in all`,
    );
  return given;
};

/** A dot at its end says that it is whole: all are. */
const target: Parser<string> = (value, name) =>
  hostname(typeof value === "string" && value !== "." ? value.replace(/\.$/, "") : value, name);

const word = integer(0, 0xffff);

const recordTable = {
  /** As it is asked for in the network, without the network's name; `*.app` for all below `app`. */
  name: alias,
  type: oneOf("A", "AAAA", "CNAME", "TXT", "SRV"),
  /** Of A and AAAA. */
  address: textBy((text) => parseIp(text).toString()),
  /** Of CNAME and SRV: a name of the network, or any other. */
  target,
  /** Of TXT, 255 bytes each. */
  texts,
  /** Of SRV. Default: 0. */
  priority: word,
  /** Of SRV. Default: 0. */
  weight: word,
  /** Of SRV. */
  port: word,
  /** Seconds that an answer may be kept. Default: 600. */
  ttl: integer(0, longestTtl),
};

/** A record to add. Its type says which of the rest is needed. */
export interface RecordOptions extends Parsed<typeof recordTable> {}

/** What is left out matches any. */
export interface RecordSelector extends Parsed<typeof recordTable> {}

const optionsOfType: Readonly<Record<UsersData["type"], readonly (keyof RecordOptions)[]>> = {
  A: ["address"],
  AAAA: ["address"],
  CNAME: ["target"],
  TXT: ["texts"],
  SRV: ["target", "port", "priority", "weight"],
};
const always = ["name", "type", "ttl"];

/** @throws unknown_option, invalid_option, invalid_record, invalid_hostname, invalid_address */
export function checkedRecords(given: unknown): readonly NetworkRecordOf[] {
  return listOf(objectOf(recordTable))(given, "records").map((options, at) => {
    const place = `records[${at}]`;
    const { name, type, ttl = defaultTtl } = options;
    if (name === undefined || type === undefined)
      throw invalid("invalid_record", `${place}: give a name and a type`);
    const strange = Object.keys(options).find(
      (key) => !always.includes(key) && !optionsOfType[type].some((known) => known === key),
    );
    if (strange !== undefined) {
      const known = optionsOfType[type].join(", ");
      throw invalid("invalid_record", `${place}: ${type} records have no ${strange}: they have ${known}`);
    }
    return { name, ttl, data: dataOf(type, options, place) };
  });
}

/** @throws unknown_option, invalid_option ... */
export function checkedSelectors(given: unknown): readonly RecordSelector[] {
  return listOf(objectOf(recordTable))(given, "records");
}

function dataOf(type: UsersData["type"], options: RecordOptions, place: string): UsersData {
  const { address, target: leadsTo, texts: lines, port, priority = 0, weight = 0 } = options;
  const missing = (what: string) => invalid("invalid_record", `${place}: ${type} records need ${what}`);
  switch (type) {
    case "A":
    case "AAAA":
      if (address === undefined) throw missing("an address");
      return { type, address: named(place, () => parseIp(address, type === "A" ? 4 : 6).toString()) };
    case "CNAME":
      if (leadsTo === undefined) throw missing("a target");
      return { type, target: leadsTo };
    case "TXT":
      if (lines === undefined) throw missing("texts");
      return { type, texts: lines };
    case "SRV":
      if (leadsTo === undefined || port === undefined) throw missing("a target and a port");
      return { type, priority, weight, port, target: leadsTo };
  }
}

/** As users see it. */
export function nameRecord({ name, ttl, data }: NetworkRecordOf): NameRecord {
  // Nobody can have stored one of PTR.
  return { name, ttl, ...(data as UsersData) };
}
