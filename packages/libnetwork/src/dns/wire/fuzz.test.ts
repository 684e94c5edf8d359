// Mangled messages, 160,000 of them: nothing throws, goes round in circles or reads outside, and what is wrong is said to be.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AnswerWriter, barestAnswer } from "./answer.ts";
import { rcodes, recordTypes } from "./constants.ts";
import { dataText, recordData } from "./data-text.ts";
import { due } from "./due-test-support.ts";
import { mangled, random } from "./mangled-test-support.ts";
import { nameAt, readMessage, readRecords } from "./message.ts";
import { prepareAnswer, type RecordText } from "./prepared.ts";
import { QueryReader, readQuery } from "./query.ts";
import { embedded, guarded, hex, optOf, queryOf } from "./test-support.ts";

const tsig = hex("03 6b6579 00 00fa 00ff 00000000 0000");
const soa = hex("c00c 0006 0001 00000000 0016 00 00 00000001 00000000 00000000 00000000 00000000");
const cookie = hex("000a 0008 0102030405060708");

const queries = [
  queryOf(),
  queryOf({ name: "" }),
  queryOf({
    name: "WWW.ExAmPlE.org",
    type: recordTypes.AAAA,
    records: [optOf({ dnssecOk: true, options: cookie })],
  }),
  queryOf({
    name: `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`,
    records: [optOf()],
  }),
  queryOf({ name: "1.0.0.10.in-addr.arpa", type: recordTypes.PTR, records: [optOf({ version: 1 })] }),
  queryOf({ name: "a.b", records: [optOf(), tsig] }),
  queryOf({ name: "a.b", type: recordTypes.IXFR, records: [soa, optOf()], counts: [1, 0, 1, 1] }),
];

const records: RecordText[] = [
  { ttl: 60, data: { type: "CNAME", target: "db.example.org" } },
  { owner: "db.example.org", ttl: 60, data: { type: "A", address: "192.0.2.1" } },
  { owner: "db.example.org", ttl: 0x7fff_ffff, data: { type: "AAAA", address: "2001:db8::1" } },
  {
    owner: "_db._tcp",
    ttl: 1,
    data: { type: "SRV", priority: 1, weight: 2, port: 3, target: "db.example.org" },
  },
  { ttl: 1, data: { type: "TXT", texts: ["one", ""] } },
  { ttl: 1, data: { type: "HINFO", cpu: "RFC8482", os: "" } },
  {
    owner: "example.org",
    ttl: 1,
    data: {
      type: "SOA",
      primary: "ns.example.org",
      mailbox: "admin.example.org",
      serial: 1,
      refresh: 2,
      retry: 3,
      expire: 4,
      minimum: 5,
    },
  },
];

const answers = [
  answerOf(queryOf(), records.slice(0, 3), [], []),
  answerOf(queryOf({ records: [optOf()] }), records, records.slice(6), records.slice(1, 3)),
  answerOf(queryOf({ name: "nothing.example.org" }), [], records.slice(6), []),
];

function answerOf(
  query: Uint8Array,
  answers: RecordText[],
  authorities: RecordText[],
  additionals: RecordText[],
): Uint8Array {
  const asked = readQuery(query, query.length);
  assert.ok(asked);
  const into = new Uint8Array(4096);
  const prepared = prepareAnswer({ answers, authorities, additionals });
  return into.slice(0, new AnswerWriter({ order: "given" }).write(into, 0, asked, prepared, 4096));
}

/** Bytes that count how often they are asked for, and fail the test when that is outside. */
function counting(message: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0;
  const inner = guarded(message);
  const bytes = new Proxy(inner, {
    get(target, key) {
      reads++;
      return Reflect.get(target, key);
    },
  });
  return { bytes, reads: () => reads };
}

/**
 * What a message of this length may cost: a record has 14 bytes at least where it has two names, and a name is 127 labels and as many pointers
 * of two bytes at most.
 */
function mostReads(length: number): number {
  return 2000 + length * 64;
}

const reader = new QueryReader();
const writer = new AnswerWriter();
const prepared = prepareAnswer({ answers: records.slice(0, 3), additionals: records.slice(1, 3) });
const into = new Uint8Array(4096);

function checkQuery(message: Uint8Array): void {
  const { bytes, reads } = counting(message);
  const asked = reader.read(bytes, message.length);
  assert.ok(reads() <= mostReads(message.length), `${reads()} bytes were read of ${message.length}`);
  const expected = due(message);
  assert.equal(asked?.rcode, expected?.rcode);
  if (asked === undefined) return;
  if (asked.rcode === rcodes.NOERROR) assert.equal(asked.name, expected?.name);

  // Whatever it was, it has an answer that can be read.
  const length =
    asked.rcode === rcodes.NOERROR
      ? writer.write(into, 0, { ...asked, message }, prepared)
      : writer.writeRefusal(into, 0, { ...asked, message });
  assert.ok(length <= Math.max(asked.udpLimit, barestAnswer));
  const answer = readMessage(into, length);
  assert.ok(answer?.response);
  assert.equal(answer.end, length);
  assert.equal(answer.id, (message[0] ?? 0) * 256 + (message[1] ?? 0));
  assert.equal(answer.opcode, asked.opcode);
  assert.equal(answer.rcode, asked.rcode);
  assert.equal(answer.edns !== undefined, asked.edns);
  const { questionEnd } = asked;
  assert.deepEqual(
    into.subarray(12, questionEnd),
    message.subarray(12, questionEnd),
    "the question, as it came",
  );
}

function checkSurroundings(message: Uint8Array): void {
  const looks = [0, 0xff].map((filling) => {
    const asked = reader.read(embedded(message, 77, filling), message.length, 77);
    return asked && { ...asked, message: undefined };
  });
  assert.deepEqual(looks[0], looks[1]);
}

function checkMessage(original: Uint8Array): void {
  const { bytes, reads } = counting(original);
  const places: number[][] = [];
  const isWhole = readRecords(bytes, (...found) => places.push(found));
  assert.ok(reads() <= mostReads(original.length), `${reads()} bytes were read of ${original.length}`);
  for (const [, , ttlAt = 0, dataEnd = 0] of places)
    assert.ok(ttlAt + 6 <= dataEnd && dataEnd <= original.length);
  const message = readMessage(guarded(original), original.length);
  assert.equal(message !== undefined, isWhole);
  if (message === undefined) return;
  assert.equal(message.records.length + (message.edns ? 1 : 0), places.length);
  for (const record of message.records) {
    assert.notEqual(nameAt(message, record.nameAt), undefined);
    dataText(recordData(message, record));
  }
  if (message.negativeTtl !== undefined)
    assert.ok(message.negativeTtl >= 0 && message.negativeTtl <= 0x7fff_ffff);
}

describe("mangled queries", () => {
  test("60,000 that were good once", () => {
    fc.assert(fc.property(mangled(queries), checkQuery), { numRuns: 60_000 });
  });

  test("20,000 by chance", () => {
    fc.assert(fc.property(random(0x0100), checkQuery), { numRuns: 20_000 });
  });

  test("are the same whatever is around them", () => {
    fc.assert(fc.property(mangled(queries), checkSurroundings), { numRuns: 10_000 });
  });
});

describe("mangled answers", () => {
  test("60,000 that were good once", () => {
    fc.assert(fc.property(mangled(answers), checkMessage), { numRuns: 60_000 });
  });

  test("20,000 by chance", () => {
    fc.assert(fc.property(random(0x8180), checkMessage), { numRuns: 20_000 });
  });
});

test("the longest way through names that there is", () => {
  // Pointers to pointers, the data of a record of a type that nobody knows; then record after record that leads along all of them.
  const bytes = [...queryOf({ name: "" }), ...hex("00 ff00 0001 00000000 00fc")];
  let end = 12;
  for (let index = 0; index < 126; index++) {
    const at = bytes.length;
    bytes.push(0xc0 | (end >> 8), end & 0xff);
    end = at;
  }
  const pointer = [0xc0 | (end >> 8), end & 0xff];
  let count = 1;
  for (; bytes.length < 65_000; count++)
    bytes.push(...pointer, ...hex("0005 0001 00000000 0002"), ...pointer);
  bytes[6] = count >> 8;
  bytes[7] = count & 0xff;
  const { bytes: counted, reads } = counting(Uint8Array.from(bytes));
  assert.ok(readRecords(counted, () => {}));
  assert.ok(reads() <= mostReads(bytes.length), `${reads()} bytes were read of ${bytes.length}`);
});
