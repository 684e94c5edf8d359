import assert from "node:assert/strict";
import { describe, test } from "node:test";
import packet from "dns-packet";
import fc from "fast-check";
import { opcodes, rcodes, recordClasses, recordTypes } from "./constants.ts";
import { QueryReader, readQuery } from "./query.ts";
import {
  anyLabels,
  bytesOfLabels,
  embedded,
  guarded,
  hex,
  hostName,
  optOf,
  queryOf,
  textOfLabels,
} from "./test-support.ts";

function read(message: Uint8Array) {
  return readQuery(guarded(message), message.length);
}

function rcodeOf(message: Uint8Array): number | undefined {
  return read(message)?.rcode;
}

/** A good query, its buffer aside. */
function good(message: Uint8Array) {
  const query = read(message);
  assert.ok(query?.rcode === rcodes.NOERROR, `rcode ${query?.rcode}`);
  return query;
}

describe("a query", () => {
  test("as dig sends it, byte by byte", () => {
    const message = hex(`
      db42 0120 0001 0000 0000 0001
      03777777 0c6e6f7274686561737465726e 03656475 00 0001 0001
      00 0029 1000 00 00 8000 000c 000a 0008 0102030405060708`);
    const { message: bytes, name: _, ...query } = good(message);
    assert.equal(bytes.length, message.length);
    assert.deepEqual(
      { ...query },
      {
        start: 0,
        questionEnd: 38,
        id: 0xdb42,
        opcode: 0,
        recursionDesired: true,
        checkingDisabled: false,
        edns: true,
        dnssecOk: true,
        udpLimit: 4096,
        type: 1,
        class: 1,
        rcode: 0,
      },
    );
    assert.equal(good(message).name, "www.northeastern.edu");
  });

  test("is what dns-packet wrote", () => {
    const query = fc.record({
      id: fc.nat(0xffff),
      name: hostName,
      type: fc.constantFrom("A", "AAAA", "PTR", "SRV", "TXT", "AXFR", "MX"),
      recursion: fc.boolean(),
      checking: fc.boolean(),
      // dns-packet writes its own size for 0.
      opt: fc.option(fc.record({ size: fc.integer({ min: 1, max: 0xffff }), dnssec: fc.boolean() })),
    });
    fc.assert(
      fc.property(query, ({ id, name, type, recursion, checking, opt }) => {
        const flags = (recursion ? packet.RECURSION_DESIRED : 0) | (checking ? packet.CHECKING_DISABLED : 0);
        const message = packet.encode({
          type: "query",
          id,
          flags,
          questions: [{ name, type, class: "IN" }],
          additionals:
            opt === null
              ? []
              : [
                  {
                    type: "OPT",
                    name: ".",
                    udpPayloadSize: opt.size,
                    extendedRcode: 0,
                    ednsVersion: 0,
                    flags: opt.dnssec ? packet.DNSSEC_OK : 0,
                    flag_do: opt.dnssec,
                    options: [],
                  },
                ],
        });
        const found = good(Uint8Array.from(message));
        assert.equal(found.id, id);
        assert.equal(found.name, name);
        assert.equal(found.type, recordTypes[type]);
        assert.equal(found.class, recordClasses.IN);
        assert.equal(found.recursionDesired, recursion);
        assert.equal(found.checkingDisabled, checking);
        assert.equal(found.edns, opt !== null);
        assert.equal(found.dnssecOk, opt?.dnssec ?? false);
        assert.equal(found.udpLimit, opt === null ? 512 : Math.min(Math.max(opt.size, 512), 4096));
      }),
    );
  });

  test("has a name in lower case, whatever its bytes are", () => {
    fc.assert(
      fc.property(anyLabels, (labels) => {
        const question = Uint8Array.from([...bytesOfLabels(labels), 0, 1, 0, 1]);
        const message = Uint8Array.from([...queryOf().subarray(0, 12), ...question]);
        const text = textOfLabels(labels).replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
        assert.equal(good(message).name, text);
      }),
    );
  });

  test("of the root, and of the longest name", () => {
    assert.equal(good(queryOf({ name: "" })).name, "");
    const longest = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;
    assert.equal(good(queryOf({ name: longest })).name, longest);
  });

  test("may stand anywhere in a buffer that is used again", () => {
    const reader = new QueryReader();
    const other = queryOf({ name: "Other.Example.Org", records: [optOf({ udpSize: 1400, dnssecOk: true })] });
    for (const start of [0, 1, 700]) {
      const message = queryOf({ name: "WWW.Example.org" });
      reader.read(other, other.length);
      const query = reader.read(embedded(message, start, 0xff), message.length, start);
      assert.ok(query?.rcode === rcodes.NOERROR);
      assert.equal(query.name, "www.example.org");
      assert.equal(query.edns, false);
      assert.equal(query.dnssecOk, false);
      assert.equal(query.udpLimit, 512);
      assert.equal(query.start, start);
      assert.equal(
        Buffer.from(query.message.subarray(start + 12, query.questionEnd - 4)).toString("latin1"),
        "\x03WWW\x07Example\x03org\0",
      );
    }
  });

  test("never has another's name, however many there are", () => {
    const reader = new QueryReader();
    for (let index = 0; index < 20_000; index++) {
      const name = `n${index % 5000}.${index % 3}`;
      const message = queryOf({ name });
      const query = reader.read(message, message.length);
      assert.ok(query?.rcode === rcodes.NOERROR && query.name === name);
    }
  });

  test("may say how long answers are, within limits", () => {
    const message = queryOf({ records: [optOf({ udpSize: 65535 })] });
    const limit = (largestUdp?: number) =>
      readQuery(message, message.length, 0, largestUdp === undefined ? {} : { largestUdp })?.udpLimit;
    assert.equal(limit(), 4096);
    assert.equal(limit(1232), 1232);
    assert.equal(limit(100), 512);
    assert.equal(good(queryOf({ records: [optOf({ udpSize: 0 })] })).udpLimit, 512);
  });

  test("may have a signature after OPT, and a zone transfer's SOA", () => {
    const tsig = hex("01 6b 00 00fa 00ff 00000000 0000");
    assert.equal(good(queryOf({ records: [optOf(), tsig] })).edns, true);
    const soa = hex("c00c 0006 0001 00000000 0016 00 00 00000001 00000000 00000000 00000000 00000000");
    assert.equal(good(queryOf({ type: recordTypes.IXFR, records: [soa], counts: [1, 0, 1, 0] })).type, 251);
  });
});

describe("what deserves no answer", () => {
  test("is shorter than a header, or an answer itself", () => {
    const message = queryOf();
    for (let length = 0; length < 12; length++) assert.equal(read(message.slice(0, length)), undefined);
    assert.equal(read(queryOf({ bits: 0x8180 })), undefined);
  });

  test("is said to be longer than its buffer, or to begin outside of it", () => {
    const message = queryOf();
    assert.equal(readQuery(message, message.length + 1), undefined);
    assert.equal(readQuery(message, message.length, 1), undefined);
    assert.equal(readQuery(message, message.length, -1), undefined);
  });
});

describe("FORMERR", () => {
  const a = hex("c00c 0001 0001 00000000 0004 01020304");
  const cases: Record<string, Uint8Array> = {
    "no question": queryOf({ counts: [0, 0, 0, 0] }).slice(0, 12),
    "several questions": queryOf({ counts: [2, 0, 0, 0], records: [hex("c00c 001c 0001")] }),
    "a header alone": queryOf().slice(0, 12),
    "a name cut short": queryOf().slice(0, 20),
    "a question without a class": queryOf().slice(0, -2),
    "a pointer in the question": Uint8Array.from([
      ...queryOf().slice(0, 12),
      ...hex("03 777777 c00c 0001 0001"),
    ]),
    "a pointer as the question": Uint8Array.from([...queryOf().slice(0, 12), ...hex("c00c 0001 0001")]),
    "a label of 64 bytes": Uint8Array.from([
      ...queryOf().slice(0, 12),
      0x40,
      ...Array<number>(64).fill(97),
      ...hex("00 0001 0001"),
    ]),
    "a name of 256 bytes": Uint8Array.from([
      ...queryOf().slice(0, 12),
      ...[63, 63, 63, 62].flatMap((length) => [length, ...Array<number>(length).fill(97)]),
      ...hex("00 0001 0001"),
    ]),
    "bytes behind the question": queryOf({ records: [hex("00")], counts: [1, 0, 0, 0] }),
    "bytes behind OPT": queryOf({ records: [optOf(), hex("00")], counts: [1, 0, 0, 1] }),
    "an answer in a question": queryOf({ records: [a], counts: [1, 1, 0, 0] }),
    "authorities in a question": queryOf({ records: [a], counts: [1, 0, 1, 0] }),
    "records that are not there": queryOf({ counts: [1, 0, 0, 1] }),
    "a record cut short": queryOf({ records: [a.slice(0, -1)] }),
    "two OPT records": queryOf({ records: [optOf(), optOf()] }),
    "an OPT record with a name": queryOf({ records: [Uint8Array.from([1, 97, ...optOf()])] }),
    "an OPT record whose name is a pointer": queryOf({
      name: "",
      records: [Uint8Array.from([0xc0, 12, ...optOf().slice(1)])],
    }),
    "an OPT record among the authorities": queryOf({
      type: recordTypes.IXFR,
      records: [optOf()],
      counts: [1, 0, 1, 0],
    }),
    "an option longer than its record": queryOf({
      records: [optOf({ options: hex("000a 0009 0102030405060708") })],
    }),
    "an option cut short": queryOf({ records: [optOf({ options: hex("000a 00") })] }),
    "a question for OPT": queryOf({ type: recordTypes.OPT }),
    "a question for OPT, with another EDNS": queryOf({
      type: recordTypes.OPT,
      records: [optOf({ version: 1 })],
    }),
    "a question for TSIG": queryOf({ type: recordTypes.TSIG }),
  };
  for (const [why, message] of Object.entries(cases)) {
    test(why, () => assert.equal(rcodeOf(message), rcodes.FORMERR));
  }

  test("keeps the question where there is one that can be read", () => {
    const refusal = read(queryOf({ records: [optOf(), optOf()] }));
    assert.equal(refusal?.questionEnd, queryOf().length);
    assert.equal(refusal?.edns, true);
    assert.equal(read(queryOf().slice(0, 20))?.questionEnd, 12);
  });
});

test("NOTIMP for all that is no QUERY, also where it has no question", () => {
  for (let opcode = 1; opcode < 16; opcode++) {
    const refusal = read(queryOf({ bits: opcode << 11 }));
    assert.equal(refusal?.rcode, rcodes.NOTIMP);
    assert.equal(refusal?.opcode, opcode);
    assert.equal(rcodeOf(queryOf({ bits: opcode << 11, counts: [0, 0, 0, 0] }).slice(0, 12)), rcodes.NOTIMP);
  }
  assert.equal(rcodeOf(queryOf({ bits: opcodes.STATUS << 11 })), rcodes.NOTIMP);
});

test("BADVERS for another EDNS, whatever its options look like", () => {
  for (const options of [hex(""), hex("01")]) {
    const refusal = read(queryOf({ records: [optOf({ version: 1, dnssecOk: true, options })] }));
    assert.equal(refusal?.rcode, rcodes.BADVERS);
    assert.equal(refusal?.edns, true);
    assert.equal(refusal?.questionEnd, queryOf().length);
  }
});
