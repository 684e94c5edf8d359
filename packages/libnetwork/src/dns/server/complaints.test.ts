import assert from "node:assert/strict";
import { test } from "node:test";
import { Complaints } from "./complaints.ts";

test("the first is told at once, and those that follow are counted", () => {
  let now = 0;
  const told: string[] = [];
  const complaints = new Complaints(
    () => now,
    (message) => told.push(message),
  );
  for (let at = 0; at < 1000; at++) complaints.add(new Error(`wrong ${at}`));
  now = 10_000;
  complaints.add("again");
  now = 20_000;
  complaints.add("once more");
  assert.deepEqual(told, ["wrong 0", "again (and 999 more since the last that was told)", "once more"]);
});
