import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "./tally.ts";

test("what is done is counted with its time, and what is done in vain as both", (t) => {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const tally = new Tally();
  const take = (milliseconds: number) => () => {
    now += milliseconds;
    return milliseconds;
  };
  assert.equal(tally.of(take(500)), 500);
  const before = tally.snapshot();
  const error = new Error("in vain");
  assert.throws(
    () =>
      tally.of(() => {
        take(250)();
        throw error;
      }),
    error,
  );
  assert.deepEqual(tally.snapshot(), { count: 2, failed: 1, seconds: 0.75 });
  assert.deepEqual(before, { count: 1, failed: 0, seconds: 0.5 });
});
