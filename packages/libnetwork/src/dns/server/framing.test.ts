import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { Deframer, framed } from "./framing.ts";

it("messages come out as they went in, however they are cut", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 20 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(framed));
      const deframer = new Deframer();
      const got: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const cut = Math.min(cuts[turn % cuts.length] ?? 1, stream.length - at);
        const { buffer, from } = deframer.room(cut);
        stream.copy(buffer, from, at, at + cut);
        deframer.came(cut);
        at += cut;
        for (let next = deframer.next(); next !== undefined; next = deframer.next())
          got.push(Uint8Array.from(next));
      }
      assert.deepEqual(got, sent);
      assert.equal(deframer.pending, 0);
    }),
  );
});
