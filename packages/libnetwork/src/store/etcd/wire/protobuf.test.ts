import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bool, bytes, embedded, id64, int64, message, repeated, text } from "./protobuf.ts";

const inner = message({ number: int64(1), name: text(15) });
const outer = message({
  count: int64(1),
  id: id64(2),
  isSet: bool(3),
  raw: bytes(16),
  one: embedded(4, inner),
  many: repeated(2047, inner),
});

const innerValue = fc.record({ number: fc.maxSafeNat(), name: fc.string() }, { noNullPrototype: true });
const outerValue = fc.record(
  {
    count: fc.maxSafeNat(),
    id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    isSet: fc.boolean(),
    raw: fc.uint8Array().map((array) => Buffer.from(array)),
    one: innerValue,
    many: fc.array(innerValue),
  },
  { noNullPrototype: true },
);

test("what is written is read", () => {
  fc.assert(fc.property(outerValue, (value) => assert.deepEqual(outer.decode(outer.encode(value)), value)));
});

test("bytes are those of the specification", () => {
  const some = message({ a: int64(1), b: text(2), c: embedded(3, message({ a: int64(1) })) });
  // The examples of https://protobuf.dev/programming-guides/encoding/
  assert.equal(some.encode({ a: 150 }).toString("hex"), "089601");
  assert.equal(some.encode({ b: "testing" }).toString("hex"), "120774657374696e67");
  assert.equal(some.encode({ c: { a: 150 } }).toString("hex"), "1a03089601");
  assert.equal(some.decode(Buffer.from("08feffffffffffffffff01", "hex")).a, -2);
});

test("what is given is written even where it is the default, and what lacks is read as that", () => {
  assert.equal(outer.encode({ count: 0 }).toString("hex"), "0800");
  assert.deepEqual(outer.decode(Buffer.alloc(0)), {
    count: 0,
    id: "0",
    isSet: false,
    raw: Buffer.alloc(0),
    one: undefined,
    many: [],
  });
  assert.deepEqual(outer.decode(Buffer.alloc(0)).many, []);
});

test("fields that nobody knows are skipped, whatever they are", () => {
  const known = outer.encode({ count: 7 });
  for (const unknown of ["b80601", "b9060102030405060708", "ba0602ffff", "bd0601020304"]) {
    const bytes = Buffer.concat([Buffer.from(unknown, "hex"), known]);
    assert.equal(outer.decode(bytes).count, 7, unknown);
  }
});

test("bytes that end too early are refused, and any bytes are read or refused", () => {
  const whole = outer.encode({ raw: Buffer.alloc(10), one: { name: "x" } });
  assert.throws(() => outer.decode(whole.subarray(0, -1)), RangeError);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
      try {
        outer.decode(Buffer.from(array));
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
  );
});
