import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter, DecodeError } from "./bytes.ts";
import { i32, name, u8, u16, u32, u64 } from "./test-support.ts";

describe("ByteWriter and ByteReader", () => {
  it("read back what was written, in order and byte order", () => {
    const bytes = fc.uint8Array({ maxLength: 20 });
    fc.assert(
      fc.property(u8, u16, u32, i32, u64, bytes, name, (byte, word, double, signed, quad, raw, text) => {
        const writer = new ByteWriter();
        writer.u8(byte);
        writer.u16(word);
        writer.u32(double);
        writer.i32(signed);
        writer.u64(quad);
        writer.u16be(word);
        writer.u32be(double);
        writer.u64be(quad);
        writer.raw(raw);
        writer.cString(text);
        const reader = new ByteReader(Buffer.from(writer.bytes));
        assert.deepEqual(
          [reader.u8(), reader.u16(), reader.u32(), reader.i32()],
          [byte, word, double, signed],
        );
        assert.deepEqual(
          [reader.u64(), reader.u16be(), reader.u32be(), reader.u64be()],
          [quad, word, double, quad],
        );
        assert.deepEqual(reader.raw(raw.length), raw);
        assert.equal(reader.cString(), text);
        assert.equal(reader.remaining, 0);
      }),
    );
  });

  it("writes the bytes that the kernel expects", () => {
    const writer = new ByteWriter();
    writer.u16(0x1234);
    writer.u16be(0x1234);
    writer.u32(0x12345678);
    writer.u8(1);
    writer.align(4);
    assert.equal(writer.bytes.toString("hex"), "341212347856341201000000");
  });

  it("writes every kind of number across the end of its buffer", () => {
    for (const write of ["u8", "u16", "u32", "i32", "u16be", "u32be"] as const) {
      const writer = new ByteWriter();
      writer.reserve(writer.storage.length);
      writer[write](0x2a);
      assert.ok(writer.bytes.subarray(-4).includes(0x2a), write);
    }
  });

  it("grows, keeps what was written, and gives out zeros after it was cleared", () => {
    const writer = new ByteWriter();
    for (let number = 0; number < 5000; number++) writer.u32(number);
    assert.equal(writer.length, 20_000);
    assert.equal(writer.bytes.readUInt32LE(4 * 4321), 4321);
    writer.patchU16(0, 0xffff);
    writer.patchU32(4, 7);
    assert.deepEqual([writer.bytes.readUInt32LE(0), writer.bytes.readUInt32LE(4)], [0xffff, 7]);
    writer.clear();
    assert.equal(writer.reserve(8), 0);
    assert.equal(writer.bytes.toString("hex"), "0000000000000000");
  });

  it("never reads over its end", () => {
    const reader = new ByteReader(Buffer.alloc(10), 2, 5);
    assert.equal(reader.remaining, 3);
    assert.throws(() => reader.u32(), DecodeError);
    assert.throws(() => reader.raw(4), DecodeError);
    assert.throws(() => reader.slice(4), DecodeError);
    assert.throws(() => reader.skip(-1), DecodeError);
    assert.equal(reader.slice(3).remaining, 3);
    assert.throws(() => reader.u8(), DecodeError);
    assert.throws(() => new ByteReader(Buffer.alloc(4), 0, 5), DecodeError);
  });

  it("reads a string to its NUL or to its end", () => {
    const read = (text: string, end?: number) => new ByteReader(Buffer.from(text), 0, end).cString();
    assert.equal(read("lo\0xyz"), "lo");
    assert.equal(read("eth0"), "eth0");
    assert.equal(read("eth0\0", 3), "eth");
    assert.equal(read(""), "");
  });

  it("refuses to go deeper than messages do", () => {
    let reader = new ByteReader(Buffer.alloc(4));
    assert.throws(() => {
      for (let depth = 0; depth < 100; depth++) reader = reader.slice(4);
    }, DecodeError);
  });
});
