import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { OwedLeaves } from "./owed-leaves.ts";

function scene() {
  const [told, problems]: [string[], unknown[]] = [[], []];
  const owed = new OwedLeaves((error) => void problems.push(error));
  const expect = (id: string) =>
    owed.expect(id, async () => {
      if (owed.take(id)) told.push(id);
    });
  return { told, problems, owed, expect };
}

it("is paid when nobody has taken it for ten seconds", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { told, owed, expect } = scene();
  expect("one");
  expect("two");
  assert.deepEqual([owed.take("one"), owed.take("one")], [true, false]);
  t.mock.timers.tick(9_999);
  await turn();
  assert.deepEqual(told, []);
  t.mock.timers.tick(1);
  await turn();
  assert.deepEqual(told, ["two"]);
});

it("is paid when nobody is waited for any longer, and what goes wrong is told", async () => {
  const { told, problems, owed, expect } = scene();
  const error = new Error("no");
  owed.expect("bad", async () => {
    owed.take("bad");
    throw error;
  });
  expect("good");
  await owed.payAll();
  assert.deepEqual([told, problems], [["good"], [error]]);
  await owed.payAll();
  assert.deepEqual(told, ["good"]);
});
