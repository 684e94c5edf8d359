import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameReader, frame } from "./frames.ts";

test("messages come out whole, in whichever pieces they come in", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array)));
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (sent, sizes) => {
      const all = Buffer.concat(sent.map(frame));
      const reader = new FrameReader();
      const received: Buffer[] = [];
      for (let at = 0, piece = 0; at < all.length; piece += 1) {
        const size = sizes[piece % sizes.length] ?? 1;
        received.push(...reader.push(all.subarray(at, at + size)));
        at += size;
      }
      assert.deepEqual(received, sent);
    }),
  );
});

test("a compressed message is refused", () => {
  assert.throws(() => new FrameReader().push(Buffer.from([1, 0, 0, 0, 0])), { status: 13 });
});
