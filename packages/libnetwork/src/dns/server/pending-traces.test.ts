import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingTraces } from "./pending-traces.ts";

test("256 questions are under way at a time, and others again when one of them is answered or given up", async () => {
  const traces = new PendingTraces();
  const asked: number[] = [];
  const add = (sandboxId: string) => traces.add(sandboxId, (number) => asked.push(number));
  const given = Array.from({ length: 256 }, (_, at) => add(at < 2 ? "a" : "b"));
  for (const one of given) one.catch(() => undefined);
  await assert.rejects(add("c"), { code: "too_many_lookups", kind: "unavailable" });
  assert.equal(asked.length, 256);
  traces.settle({ kind: "traced", number: asked[0] ?? -1, failure: { code: "invalid_name", message: "x" } });
  await assert.rejects(given[0] ?? Promise.resolve(), { code: "invalid_name" });
  void add("c").catch(() => undefined);
  await assert.rejects(add("c"), { code: "too_many_lookups" });
  traces.giveUp(new Error("gone"), "b");
  assert.equal(traces.size, 2);
  traces.giveUp(new Error("gone"));
});
