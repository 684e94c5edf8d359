import assert from "node:assert/strict";
import { describe, test } from "node:test";
import packet from "dns-packet";
import fc from "fast-check";
import { headerBits, rcodes, recordTypes } from "./constants.ts";
import { recordData as dataOf, dataText } from "./data-text.ts";
import { type Message, nameAt, readMessage, readRecords } from "./message.ts";
import { embedded, guarded, hex, optOf, queryOf } from "./test-support.ts";

function read(bytes: Uint8Array): Message | undefined {
  return readMessage(guarded(bytes), bytes.length);
}

const inHex = (text: string) => Buffer.from(text, "latin1").toString("hex");

function good(bytes: Uint8Array): Message {
  const message = read(bytes);
  assert.ok(message);
  return message;
}

interface Parts {
  readonly bits?: number;
  readonly type?: number;
  readonly answers?: readonly Uint8Array[];
  readonly authorities?: readonly Uint8Array[];
  readonly additionals?: readonly Uint8Array[];
}

/** Of `www.example.org`, whose name is at 12, `example.org` at 16. */
function answerOf({
  bits = 0x8180,
  type = 1,
  answers = [],
  authorities = [],
  additionals = [],
}: Parts): Uint8Array {
  const counts = [1, answers.length, authorities.length, additionals.length];
  return queryOf({ bits, type, counts, records: [...answers, ...authorities, ...additionals] });
}

/** A record of the name that was asked for, its TTL 300. */
function recordOf(type: number, data: string, owner = "c00c", ttl = "0000012c"): Uint8Array {
  const bytes = hex(data);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(type);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Uint8Array.from(Buffer.concat([hex(owner), head, hex("0001"), hex(ttl), length, bytes]));
}

const numbers = "00000001 00000002 00000003 00000004";
const soa = (minimum: string, ttl?: string) =>
  recordOf(recordTypes.SOA, `02 6e73 c010 05 61646d696e c010 ${numbers} ${minimum}`, "c010", ttl);

/** How a message is when it has been read, without its bytes. */
function look({ bytes: _, ...message }: Message) {
  return message;
}

describe("an answer", () => {
  test("as dig shows it, byte by byte", () => {
    const bytes = hex(`
      db42 8180 0001 0001 0000 0001
      03777777 0c6e6f7274686561737465726e 03656475 00 0001 0001
      c00c 0001 0001 00000258 0004 9b211144
      00 0029 1000 00 00 8000 0000`);
    const { records, question, ...rest } = look(good(bytes));
    assert.deepEqual(question, { name: "www.northeastern.edu", type: 1, class: 1, at: 12, end: 38 });
    assert.deepEqual(records, [
      { section: 1, nameAt: 38, type: 1, class: 1, ttl: 600, ttlAt: 44, dataAt: 50, dataEnd: 54 },
    ]);
    assert.deepEqual(rest, {
      start: 0,
      end: bytes.length,
      id: 0xdb42,
      response: true,
      opcode: 0,
      authoritative: false,
      truncated: false,
      recursionDesired: true,
      recursionAvailable: true,
      authenticData: false,
      checkingDisabled: false,
      rcode: 0,
      edns: { version: 0, udpSize: 4096, dnssecOk: true },
      negativeTtl: undefined,
    });
  });

  test("with any flags", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (bits) => {
        const message = good(answerOf({ bits }));
        const read = packet.decode(Buffer.from(message.bytes));
        assert.equal(message.response, (bits & headerBits.QR) !== 0);
        assert.equal(message.opcode, (bits >> 11) & 15);
        assert.equal(message.authoritative, read.flag_aa);
        assert.equal(message.truncated, read.flag_tc);
        assert.equal(message.recursionDesired, read.flag_rd);
        assert.equal(message.recursionAvailable, read.flag_ra);
        assert.equal(message.authenticData, read.flag_ad);
        assert.equal(message.checkingDisabled, read.flag_cd);
        assert.equal(message.rcode, bits & 15);
      }),
    );
  });

  test("of other kinds, which dns-packet writes", () => {
    const bytes = packet.encode({
      type: "response",
      questions: [{ name: "example.org", type: "MX" }],
      answers: [
        { name: "example.org", type: "MX", ttl: 5, data: { preference: 10, exchange: "mail.example.org" } },
        { name: "example.org", type: "CAA", ttl: 6, data: { tag: "issue", value: "ca.example.org" } },
        {
          name: "example.org",
          type: "DS",
          ttl: 7,
          data: { keyTag: 1, algorithm: 2, digestType: 3, digest: Buffer.of(4) },
        },
        { name: "example.org", type: "DNAME", ttl: 8, data: "example.net" },
      ],
    });
    const message = good(Uint8Array.from(bytes));
    assert.deepEqual(
      message.records.map(({ type, ttl }) => [type, ttl]),
      [
        [recordTypes.MX, 5],
        [recordTypes.CAA, 6],
        [recordTypes.DS, 7],
        [recordTypes.DNAME, 8],
      ],
    );
    assert.deepEqual(
      message.records.map((record) => dataText(dataOf(message, record))),
      [
        "10 mail.example.org",
        `\\# 21 ${inHex("\0\u0005issueca.example.org")}`,
        "\\# 5 0001020304",
        `\\# 13 ${inHex("\u0007example\u0003net\0")}`,
      ],
    );
    for (const record of message.records) assert.equal(nameAt(message, record.nameAt), "example.org");
  });

  test("may stand anywhere in a buffer", () => {
    const bytes = answerOf({ answers: [recordOf(5, "03 777732 c010"), recordOf(1, "c0000201", "c02d")] });
    const here = good(bytes);
    const there = readMessage(embedded(bytes, 99, 0xc0), bytes.length, 99);
    assert.ok(there?.question);
    assert.equal(there.question.name, "www.example.org");
    for (const [index, record] of there.records.entries()) {
      const same = here.records[index];
      assert.ok(same);
      assert.equal(record.ttlAt, same.ttlAt + 99);
      assert.deepEqual(dataOf(there, record), dataOf(here, same));
      assert.equal(nameAt(there, record.nameAt), nameAt(here, same.nameAt));
    }
    assert.deepEqual(
      there.records.map((record) => nameAt(there, record.nameAt)),
      ["www.example.org", "ww2.example.org"],
    );
  });

  test("may lack its question, and have bytes behind it", () => {
    const message = good(hex("1234 8185 0000 0000 0000 0000 ffff"));
    assert.equal(message.question, undefined);
    assert.equal(message.rcode, rcodes.REFUSED);
    assert.equal(message.end, 12);
  });

  test("has the rcode's upper bits in OPT", () => {
    const opt = optOf();
    opt[5] = 1;
    assert.equal(good(answerOf({ additionals: [opt] })).rcode, rcodes.BADVERS);
    opt[5] = 0xff;
    assert.equal(good(answerOf({ bits: 0x818f, additionals: [opt] })).rcode, 0xfff);
  });

  test("has no TTL above 31 bits (RFC 2181 8)", () => {
    const ttls = ["7fffffff", "80000000", "ffffffff"].map((ttl) => recordOf(1, "c0000201", "c00c", ttl));
    assert.deepEqual(
      good(answerOf({ answers: ttls })).records.map(({ ttl }) => ttl),
      [0x7fffffff, 0, 0],
    );
  });
});

describe("how long there is none (RFC 2308 5)", () => {
  const cases: Record<string, [Uint8Array, number | undefined]> = {
    "no such name": [answerOf({ bits: 0x8183, authorities: [soa("0000003c")] }), 60],
    "nothing of the type": [answerOf({ authorities: [soa("0000003c")] }), 60],
    "the SOA's TTL where that is less": [answerOf({ authorities: [soa("00000e10")] }), 300],
    "not at all": [answerOf({ authorities: [soa("00000000")] }), 0],
    "an alias that leads to nothing": [
      answerOf({ bits: 0x8183, answers: [recordOf(5, "03 777732 c010")], authorities: [soa("0000003c")] }),
      60,
    ],
    "an alias to a name without the type": [
      answerOf({ answers: [recordOf(5, "03 777732 c010")], authorities: [soa("0000003c")] }),
      60,
    ],
    "there is one": [
      answerOf({ answers: [recordOf(1, "c0000201")], authorities: [soa("0000003c")] }),
      undefined,
    ],
    "there is something": [
      answerOf({ type: 255, answers: [recordOf(1, "c0000201")], authorities: [soa("0000003c")] }),
      undefined,
    ],
    "no SOA": [answerOf({ bits: 0x8183 }), undefined],
    "a referral": [answerOf({ authorities: [recordOf(2, "02 6e73 c010", "c010")] }), undefined],
    "an SOA elsewhere": [answerOf({ additionals: [soa("0000003c")] }), undefined],
    "an error": [answerOf({ bits: 0x8182, authorities: [soa("0000003c")] }), undefined],
  };
  for (const [why, [bytes, expected]] of Object.entries(cases)) {
    test(why, () => assert.equal(good(bytes).negativeTtl, expected));
  }
});

describe("what is no message", () => {
  const a = recordOf(1, "c0000201");
  const cases: Record<string, Uint8Array> = {
    "shorter than a header": hex("1234 8180 0000 0000 0000 00"),
    "two questions": queryOf({ bits: 0x8180, counts: [2, 0, 0, 0], records: [hex("c00c 0001 0001")] }),
    "a question cut short": queryOf({ bits: 0x8180 }).slice(0, -1),
    "records that are not there": answerOf({}).with(7, 1),
    "a record cut short": answerOf({ answers: [a] }).slice(0, -1),
    "a record without its length": answerOf({ answers: [a.slice(0, 10)] }),
    "an owner that points to itself": answerOf({ answers: [recordOf(1, "c0000201", "c021")] }),
    "an owner that points forwards": answerOf({ answers: [recordOf(1, "c0000201", "c023")] }),
    "an address of three bytes": answerOf({ answers: [recordOf(1, "c00002")] }),
    "an IPv6 address of four": answerOf({ answers: [recordOf(28, "c0000201")] }),
    "an alias with bytes behind its name": answerOf({ answers: [recordOf(5, "c00c 00")] }),
    "an alias that ends behind its record": answerOf({ answers: [recordOf(5, "03 6161"), a] }),
    "an alias to nothing": answerOf({ answers: [recordOf(5, "")] }),
    "a pointer in an alias to itself": answerOf({ answers: [recordOf(5, "c02d")] }),
    "MX without a name": answerOf({ answers: [recordOf(15, "0001")] }),
    "SRV cut short": answerOf({ answers: [recordOf(33, "0001 0002")] }),
    "SOA without its numbers": answerOf({ authorities: [recordOf(6, "c010 c010")] }),
    "SOA with more": answerOf({ authorities: [recordOf(6, `c010 c010 ${numbers} 00000001 00`)] }),
    "SOA with one name": answerOf({ authorities: [recordOf(6, "c010")] }),
    "texts that end early": answerOf({ answers: [recordOf(16, "05 6162")] }),
    "no texts": answerOf({ answers: [recordOf(16, "")] }),
    "two OPT records": answerOf({ additionals: [optOf(), optOf()] }),
    "an OPT record among the answers": answerOf({ answers: [optOf()] }),
    "an OPT record with a name": answerOf({
      additionals: [Uint8Array.from([0xc0, 12, ...optOf().slice(1)])],
    }),
  };
  for (const [why, bytes] of Object.entries(cases)) {
    test(why, () => {
      assert.equal(read(bytes), undefined);
      assert.equal(
        readRecords(guarded(bytes), () => {}),
        false,
      );
    });
  }

  test("what is not in its buffer", () => {
    const bytes = answerOf({});
    assert.equal(readMessage(bytes, bytes.length + 1), undefined);
    assert.equal(readMessage(bytes, bytes.length, 1), undefined);
    assert.equal(readMessage(bytes, bytes.length, -1), undefined);
    assert.equal(readMessage(new Uint8Array(70_000)), undefined);
  });
});

test("readRecords tells of each record, of OPT too", () => {
  const bytes = answerOf({
    answers: [recordOf(1, "c0000201")],
    authorities: [soa("0000003c")],
    additionals: [optOf()],
  });
  const found: number[][] = [];
  assert.ok(readRecords(bytes, (...each) => found.push(each)));
  assert.deepEqual(found, [
    [1, 1, 39, 49],
    [2, 6, 55, 61 + 5 + 8 + 20],
    [3, 41, bytes.length - 6, bytes.length],
  ]);
});
