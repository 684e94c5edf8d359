/**
 * What the codec's tests share: names, records and queries by chance, and bytes that tell who looks outside of the message.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIp } from "../../address/ip.ts";
import { recordClasses, recordTypes } from "./constants.ts";
import { type AnyRecordData, nameBytes } from "./data.ts";
import type { RecordText } from "./prepared.ts";

/** The bytes of hexadecimal digits; white space is for people. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

export interface QueryParts {
  readonly id?: number;
  /** The header's second word. */
  readonly bits?: number;
  readonly name?: string;
  readonly type?: number;
  readonly class?: number;
  /** After the question. */
  readonly records?: readonly Uint8Array[];
  /** Of questions, answers, authorities, additionals; by default one question, all records additional. */
  readonly counts?: readonly number[];
}

export function queryOf(parts: QueryParts = {}): Uint8Array {
  const { id = 0x1234, bits = 0x0100, name = "www.example.org", type = recordTypes.A } = parts;
  const { records = [], counts = [1, 0, 0, records.length] } = parts;
  const header = Buffer.alloc(12);
  for (const [index, word] of [id, bits, ...counts].entries()) header.writeUInt16BE(word, index * 2);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(type, 0);
  tail.writeUInt16BE(parts.class ?? recordClasses.IN, 2);
  return Uint8Array.from(Buffer.concat([header, nameBytes(name).bytes, tail, ...records]));
}

export interface OptParts {
  readonly udpSize?: number;
  readonly version?: number;
  readonly dnssecOk?: boolean;
  readonly options?: Uint8Array;
}

export function optOf(parts: OptParts = {}): Uint8Array {
  const { udpSize = 1232, version = 0, dnssecOk = false, options = new Uint8Array(0) } = parts;
  const opt = Buffer.alloc(11 + options.length);
  opt.writeUInt16BE(recordTypes.OPT, 1);
  opt.writeUInt16BE(udpSize, 3);
  opt.writeUInt8(version, 6);
  opt.writeUInt16BE(dnssecOk ? 0x8000 : 0, 7);
  opt.writeUInt16BE(options.length, 9);
  opt.set(options, 11);
  return Uint8Array.from(opt);
}

/** The message, as bytes that fail the test when one outside of it is asked for. */
export function guarded(message: Uint8Array): Uint8Array {
  return new Proxy(message, {
    get(target, key) {
      if (typeof key === "string" && /^-?\d+$/.test(key)) {
        const index = Number(key);
        assert.ok(index >= 0 && index < target.length, `byte ${key} of ${target.length} was read`);
        return target[index];
      }
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The message between bytes that are none of it. */
export function embedded(message: Uint8Array, before: number, filling: number): Uint8Array {
  const bytes = new Uint8Array(before + message.length + 300).fill(filling);
  bytes.set(message, before);
  return bytes;
}

const hostLabel = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,10}[a-z0-9])?$/);

/** Names that often have their ends in common. */
export const hostName = fc
  .tuple(
    fc.array(hostLabel, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("example.org", "frontend", "b.example.org", "a.b.example.org", "in-addr.arpa"),
  )
  .map(([labels, end]) => `${labels.join(".")}.${end}`);

/** Any byte, often one that has a meaning in names. */
const anyByte = fc.oneof(
  fc.integer({ min: 0, max: 255 }),
  fc.constantFrom(0x2e, 0x5c, 0x30, 0x00, 0xc0, 0x41, 0x5a),
);

/** Labels of any bytes, the whole of which is a name. */
export const anyLabels = fc
  .array(fc.array(anyByte, { minLength: 1, maxLength: 63 }), { maxLength: 8 })
  .filter((labels) => labels.reduce((sum, label) => sum + label.length + 1, 1) <= 255);

/** The text of labels as the rules have it, told a second time. */
export function textOfLabels(labels: readonly (readonly number[])[]): string {
  return labels.map((label) => Buffer.from(label).toString("latin1").replaceAll(/[.\\]/g, "\\$&")).join(".");
}

export function bytesOfLabels(labels: readonly (readonly number[])[]): number[] {
  return [...labels.flatMap((label) => [label.length, ...label]), 0];
}

const word = fc.integer({ min: 0, max: 0xffff });
const long = fc.integer({ min: 0, max: 0xffff_ffff });
const text = fc.string({ maxLength: 60, unit: fc.constantFrom(...'ab ."é→') });

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().map((address) => parseIp(address, 6).toString());

/** Data of any kind that we write. */
const recordData: fc.Arbitrary<AnyRecordData> = plainObjects(
  fc.oneof(
    fc.record({ type: fc.constant("A" as const), address: ipv4 }),
    fc.record({ type: fc.constant("AAAA" as const), address: ipv6 }),
    fc.record({ type: fc.constantFrom("CNAME" as const, "PTR" as const), target: hostName }),
    fc.record({ type: fc.constant("NS" as const), target: hostName }),
    fc.record({ type: fc.constant("TXT" as const), texts: fc.array(text, { minLength: 1, maxLength: 4 }) }),
    fc.record({ type: fc.constant("HINFO" as const), cpu: text, os: text }),
    fc.record({
      type: fc.constant("SRV" as const),
      priority: word,
      weight: word,
      port: word,
      target: hostName,
    }),
    fc.record({
      type: fc.constant("SOA" as const),
      primary: hostName,
      mailbox: hostName,
      serial: long,
      refresh: long,
      retry: long,
      expire: long,
      minimum: long,
    }),
  ),
);

export const record: fc.Arbitrary<RecordText> = fc.record({
  owner: fc.option(hostName, { nil: undefined, freq: 2 }),
  ttl: fc.integer({ min: 0, max: 0x7fff_ffff }),
  data: recordData,
});

/** fast-check's objects have no prototype now and then: to a deep comparison they are others. */
function plainObjects<T extends object>(made: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return made.map((object) => ({ ...object }));
}
