import assert from "node:assert/strict";
import { test } from "node:test";
import { quoted, shortened } from "./excerpt.ts";

test("a text is cut at the same length, however it is shown", () => {
  const long = "x".repeat(201);
  assert.equal(shortened(long), `${"x".repeat(200)}...`);
  assert.equal(quoted(long), `"${"x".repeat(200)}..."`);
  assert.equal(shortened(long.slice(1)), long.slice(1));
  assert.equal(quoted(long.slice(1)), `"${long.slice(1)}"`);
  assert.equal(shortened(long, 3), "xxx...");
});

test("a quoted text is told as it was given; others are on one line, and do nothing to a terminal", () => {
  assert.equal(quoted(' "a"\n'), '" \\"a\\"\\n"');
  assert.equal(shortened(" a\nb\u001b[31m \n"), "a\\nb\\u001b[31m");
});
