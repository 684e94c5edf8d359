import assert from "node:assert/strict";
import { test } from "node:test";
import { completeObjectOf, withDefault } from "./defaults.ts";
import { boolean, integer, listOf, string } from "./parse.ts";

const parse = completeObjectOf({
  name: string,
  on: withDefault(boolean, true),
  size: withDefault(integer(1, 10), 3),
  list: withDefault(listOf(string), []),
});

test("what is left out is its default, or undefined where it has none, in the order of the table", () => {
  const defaults = { name: undefined, on: true, size: 3, list: [] };
  for (const nothing of [undefined, {}, { on: undefined }])
    assert.deepEqual(parse(nothing, "options"), defaults);
  assert.deepEqual(Object.keys(parse({ list: ["a"], name: "n" }, "options")), Object.keys(defaults));
});

test("what is given counts, false too, and is checked", () => {
  const given = { name: "n", on: false, size: 1, list: ["a"] };
  assert.deepEqual(parse(given, "options"), given);
  assert.throws(() => parse({ size: 11 }, "options"), { code: "invalid_option" });
  assert.throws(() => parse({ siz: 1 }, "options"), { code: "unknown_option" });
});

test("nobody changes the default of others", () => {
  const { list } = parse({}, "options");
  assert.throws(() => Array.prototype.push.call(list, "a"), TypeError);
  assert.deepEqual(parse({}, "options").list, []);
});
