import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attrs, listOf, readAttributes, scanAttributes } from "./attrs.ts";
import { ByteReader, ByteWriter, DecodeError } from "./bytes.ts";
import { choice, flag, text, u8, u32 } from "./codec.ts";
import { bytes, pad, struct, u64 } from "./struct.ts";

const inner = attrs({ number: [1, u32] });
const spec = attrs({
  name: [3, text],
  nest: [5, inner, "nested"],
  mode: [6, choice({ slow: 1, fast: 2 }, u8)],
  on: [7, flag],
  names: [8, listOf(1, text), "nested"],
});

function written(write: (to: ByteWriter) => void): Buffer {
  const writer = new ByteWriter();
  write(writer);
  return Buffer.from(writer.bytes);
}

const read = (bytes: Buffer) => spec.read(new ByteReader(bytes));

describe("attrs", () => {
  it("writes lengths, numbers, the mark of nested ones, and padding", () => {
    const bytes = written((to) => spec.write(to, { name: "eth0", nest: { number: 1 } }));
    assert.equal(bytes.toString("hex"), "09000300657468300000000" + "00c0005800800010001000000");
  });

  it("leaves out what is undefined", () => {
    assert.equal(written((to) => spec.write(to, {})).length, 0);
  });

  it("reads flags and lists", () => {
    const value = { on: true as const, names: ["a", "bcd"] };
    assert.deepEqual(read(written((to) => spec.write(to, value))), value);
  });

  it("passes over attributes that it does not know, and choices that have no name", () => {
    const newer = attrs({ name: [3, text], mode: [6, u8], later: [99, u32] });
    const bytes = written((to) => newer.write(to, { later: 1, mode: 9, name: "a" }));
    assert.deepEqual(read(bytes), { name: "a" });
  });

  it("takes a last attribute without its padding, and bytes too few for another", () => {
    assert.deepEqual(read(Buffer.from("0600030061000000ff", "hex")), { name: "a" });
    assert.deepEqual(read(Buffer.from("060003006100", "hex")), { name: "a" });
  });

  it("refuses lengths that cannot be, in both ways of reading", () => {
    for (const hex of ["0300030061", "ff00030061"]) {
      const bytes = Buffer.from(hex, "hex");
      assert.throws(() => readAttributes(new ByteReader(bytes), () => undefined), DecodeError, hex);
      assert.throws(() => scanAttributes(bytes, 0, bytes.length, () => undefined), DecodeError, hex);
    }
  });

  it("scans what it reads: the same numbers and payloads", () => {
    const bytes = written((to) =>
      spec.write(to, { name: "abc", on: true, nest: { number: 5 }, names: ["x"] }),
    );
    const scanned: [number, string][] = [];
    scanAttributes(bytes, 0, bytes.length, (type, start, end) => {
      scanned.push([type, bytes.toString("hex", start, end)]);
    });
    const readOut: [number, string][] = [];
    readAttributes(new ByteReader(bytes), (type, payload) => {
      readOut.push([type, payload.view().toString("hex")]);
    });
    assert.deepEqual(scanned, readOut);
    assert.equal(scanned.length, 4);
  });
});

describe("struct", () => {
  const sample = struct({ family: u8, pad: pad(3), index: u32 });

  it("writes fields in order, padding and what is left out as zeros", () => {
    assert.equal(
      written((to) => sample.write(to, { family: 2, index: 5 })).toString("hex"),
      "0200000005000000",
    );
    assert.equal(written((to) => sample.write(to, {})).toString("hex"), "0000000000000000");
  });

  it("reads fields without the padding", () => {
    assert.deepEqual(sample.read(new ByteReader(Buffer.from("02ffffff05000000", "hex"))), {
      family: 2,
      index: 5,
    });
    assert.throws(() => sample.read(new ByteReader(Buffer.alloc(7))), DecodeError);
  });

  it("nests, and writes zeros for what is left out of a structure within", () => {
    const outer = struct({ head: u8, inner: struct({ address: bytes(4), count: u64 }), tail: u8 });
    const whole = { head: 1, inner: { address: Uint8Array.of(1, 2, 3, 4), count: 5n }, tail: 6 };
    const hex = (value: Parameters<typeof outer.write>[1]) =>
      written((to) => outer.write(to, value)).toString("hex");
    assert.equal(hex(whole), "01" + "01020304" + "0500000000000000" + "06");
    assert.equal(
      hex({ inner: { address: Uint8Array.of(9) } }),
      "00" + "09000000" + "0000000000000000" + "00",
    );
    assert.equal(hex({ tail: 6 }), `${"00".repeat(13)}06`);
    assert.deepEqual(outer.read(new ByteReader(Buffer.from(hex(whole), "hex"))), whole);
  });
});
