import assert from "node:assert/strict";
import { test } from "node:test";
import { Filters } from "./filters.ts";

const filters = (...values: readonly string[]) => Filters.parse(JSON.stringify({ name: values }), ["name"]);
const names = Array.from({ length: 20_000 }, (_, at) => `a-name-as-projects-give-them-${at}`);

test("a pattern is looked for among more containers than a host has", () => {
  const wanted = filters("^a-.*them-1999[0-9]$");
  assert.equal(names.filter((name) => wanted.matches("name", name)).length, 10);
});

test("patterns that hold the event loop are refused before long", () => {
  const slow = Array.from({ length: 30 }, (_, at) => `${".*".repeat(250)}@${at}`);
  const wanted = filters(...slow);
  const begun = performance.now();
  assert.throws(() => names.filter((name) => wanted.matches("name", name)), { code: "invalid_filter" });
  assert.ok(performance.now() - begun < 10_000, `${performance.now() - begun} ms`);
});
