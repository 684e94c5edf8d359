import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Keys } from "./keys.ts";

const keys = new Keys("blue");
const text = fc.string({ unit: "binary" }).filter((one) => one.isWellFormed());

test("a record's key says the cluster, the kind and the id", () => {
  assert.equal(keys.of("number.vni", "4097").toString(), "/causeway/blue/v1/number.vni/4097");
  assert.equal(keys.of("a/b%", "c/d").toString(), "/causeway/blue/v1/a%2Fb%25/c/d");
});

test("a kind's range holds its keys and no others, in the byte order of their ids", () => {
  fc.assert(
    fc.property(text, text, text, text, (kind, id, otherKind, otherId) => {
      const { key, rangeEnd } = keys.range(kind);
      const isWithin = (one: Buffer): boolean =>
        Buffer.compare(key, one) <= 0 && Buffer.compare(one, rangeEnd) < 0;
      const [one, other] = [keys.of(kind, id), keys.of(otherKind, otherId)];
      assert.ok(isWithin(one));
      assert.equal(keys.idOf(kind, one), id);
      assert.equal(isWithin(other), otherKind === kind);
      assert.equal(
        Buffer.compare(one, keys.of(kind, otherId)),
        Buffer.compare(Buffer.from(id), Buffer.from(otherId)),
      );
    }),
  );
});
