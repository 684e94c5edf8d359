import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { specs } from "./test-support.ts";

describe("specs of rtnetlink", () => {
  for (const [name, { codec, values }] of Object.entries(specs)) {
    it(`${name}: what is written is read, to the last byte`, () => {
      fc.assert(
        fc.property(values, (value) => {
          const writer = new ByteWriter();
          codec.write(writer, value as never);
          const reader = new ByteReader(Buffer.from(writer.bytes));
          assert.deepEqual(codec.read(reader), value);
          assert.equal(reader.remaining, 0);
        }),
      );
    });
  }
});
