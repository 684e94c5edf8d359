import assert from "node:assert/strict";
import { test } from "node:test";
import { stateIn } from "./state.ts";

test("a runtime's word is read, with what may be missing", () => {
  const state = { ociVersion: "1.0.2", id: "c1", status: "stopped", bundle: "/b" };
  assert.deepEqual(stateIn(JSON.stringify(state)), {
    id: "c1",
    status: "stopped",
    pid: undefined,
    bundle: "/b",
    annotations: {},
  });
  assert.equal(stateIn(JSON.stringify({ ...state, pid: 12 })).pid, 12);
});

test("what is no state is told", () => {
  for (const text of ["", "{", "[]", "null", "{}", '{"id":"c1"}', '{"id":"","status":"x","bundle":"/b"}'])
    assert.throws(() => stateIn(text), /no state of an OCI container/);
});
