import assert from "node:assert/strict";
import { test } from "node:test";
import packet from "dns-packet";
import fc from "fast-check";
import { readMessage } from "./message.ts";
import { readQuery } from "./query.ts";
import { lowerTtls, putQuestion, setId, ttlOffsets } from "./rewrite.ts";
import { hex, hostName, optOf, queryOf } from "./test-support.ts";

function answered(name: string, ttls: readonly number[]): Uint8Array {
  const bytes = packet.encode({
    type: "response",
    id: 1,
    questions: [{ name, type: "A" }],
    answers: ttls.map((ttl) => ({ name, type: "A", ttl, data: "192.0.2.1" })),
  });
  return Uint8Array.from([...bytes, ...optOf({ dnssecOk: true })]).with(11, 1);
}

test("the id", () => {
  const bytes = embed(answered("a.b", []));
  setId(bytes, 0xfedc, 5);
  assert.deepEqual(bytes.slice(4, 8), hex("ff fedc 80"));
});

test("TTLs become less, not less than nothing, wherever the message stands, and OPT stays as it is", () => {
  const ttl = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 0x7fff_ffff }));
  fc.assert(
    fc.property(hostName, fc.array(ttl, { maxLength: 5 }), ttl, (name, ttls, seconds) => {
      const original = answered(name, ttls);
      const message = readMessage(original);
      assert.ok(message);
      const bytes = embed(original);
      lowerTtls(bytes, ttlOffsets(message), seconds, 5);
      const after = readMessage(bytes, original.length, 5);
      assert.deepEqual(
        after?.records.map((record) => record.ttl),
        ttls.map((each) => Math.max(0, each - seconds)),
      );
      assert.deepEqual(after?.edns, message.edns);
    }),
  );
});

test("a TTL with the topmost bit set is none (RFC 2181 8)", () => {
  const bytes = hex("ffffffff 80000000 7fffffff");
  lowerTtls(bytes, [0, 4, 8], 1);
  assert.deepEqual(bytes, hex("00000000 00000000 7ffffffe"));
});

test("the question gets the asker's case", () => {
  const bytes = embed(answered("www.example.org", [1]));
  const query = queryOf({ name: "wWw.EXample.oRg" });
  const asked = readQuery(embed(query), query.length, 5);
  assert.ok(asked);
  assert.ok(putQuestion(bytes, asked, bytes.length - 10, 5));
  assert.equal(readMessage(bytes, bytes.length - 10, 5)?.question?.name, "wWw.EXample.oRg");
});

test("another question is left alone", () => {
  const original = answered("www.example.org", [1]);
  const cases = {
    name: queryOf({ name: "wwx.example.org" }),
    type: queryOf({ type: 0x21 }),
    class: queryOf({ class: 3 }),
    "longer name": queryOf({ name: "www.example.org.uk" }),
    none: queryOf().slice(0, 14),
  };
  for (const [why, query] of Object.entries(cases)) {
    const bytes = Uint8Array.from(original);
    const asked = readQuery(query, query.length);
    assert.ok(asked);
    assert.equal(putQuestion(bytes, asked, bytes.length), false, why);
    assert.deepEqual(bytes, original);
  }
  const without = original.with(5, 0);
  const short = original.slice(0, 20);
  const asked = readQuery(queryOf(), queryOf().length);
  assert.ok(asked);
  assert.equal(putQuestion(short, asked, short.length), false);
  assert.equal(putQuestion(original, asked, 20), false, "a message that is shorter than its buffer");
  assert.equal(putQuestion(without, asked, without.length), false, "bytes that look like one, and are none");
});

/** Behind five bytes that are none of it, and before five others. */
function embed(bytes: Uint8Array): Uint8Array {
  const others = Array<number>(5).fill(0xff);
  return Uint8Array.from([...others, ...bytes, ...others]);
}

test("types have no case", () => {
  const https = queryOf({ type: 0x41 });
  const bytes = queryOf({ type: 0x61, bits: 0x8180 });
  const asked = readQuery(https, https.length);
  assert.ok(asked);
  assert.equal(putQuestion(bytes, asked, bytes.length), false);
});
