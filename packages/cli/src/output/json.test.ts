import assert from "node:assert/strict";
import { test } from "node:test";
import { json, jsonLines } from "./json.ts";

test("no control character is left as it is, and what is read is what was written", () => {
  const all = Array.from({ length: 0xa1 }, (_, code) => String.fromCharCode(code)).join("");
  const value = { [`key ${all}`]: [all, "naïve ✓"] };
  for (const text of [json(value), json(value, 2)]) {
    assert.doesNotMatch(text.replaceAll("\n", ""), /\p{Cc}/u);
    assert.deepEqual(JSON.parse(text), value);
  }
  assert.equal(json("\u009b31m"), '"\\u009b31m"');
  assert.equal(json(undefined), "null");
  assert.equal(jsonLines(["ü"]), '[\n  "ü"\n]\n');
});
