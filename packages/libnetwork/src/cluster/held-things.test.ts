import assert from "node:assert/strict";
import { test } from "node:test";
import { readHeld, thingsOf } from "./held-things.ts";

test("what is no thing that a host holds is read as none", () => {
  const held = { kind: "pool", id: "10.0.0.0/24", owner: "n" };
  assert.deepEqual(readHeld({ ...held, more: 1 }), held);
  for (const strange of [null, 7, [], { kind: "pool", id: "x" }, { ...held, id: 7 }, { ...held, kind: null }])
    assert.equal(readHeld(strange), undefined);
});

test("of what a network says that it has, only what is a thing is one", () => {
  const thing = { kind: "pool", id: "10.0.0.0/24" };
  assert.deepEqual(thingsOf({ things: [7, null, thing, { kind: "pool" }, { id: "x" }] }), [thing]);
  for (const strange of [undefined, null, 7, {}, { things: "all" }, { things: thing }])
    assert.deepEqual(thingsOf(strange), []);
});
