import assert from "node:assert/strict";
import { test } from "node:test";
import { json, jsonLines } from "./json.ts";

test("no control character is left as it is, and what is read is what was written", () => {
  const all = Array.from({ length: 0xa1 }, (_, code) => String.fromCharCode(code)).join("");
  const turning = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069";
  const value = { turning, [`key ${all}`]: [all, "naïve ✓"] };
  for (const text of [json(value), json(value, 2)]) {
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    assert.deepEqual(JSON.parse(text), value);
  }
  assert.equal(json("\u009b31m"), '"\\u009b31m"');
  assert.equal(json(undefined), "null");
  assert.equal(jsonLines(["ü"]), '[\n  "ü"\n]\n');
});
