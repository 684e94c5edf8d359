import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedName, isId, newId } from "./ids.ts";

test("ids are 64 hexadecimal digits, each another", () => {
  const ids = new Set(Array.from({ length: 100 }, newId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.ok(isId(id), id);
  assert.equal(isId("abc"), false);
});

test("takes names as people give them", () => {
  for (const name of ["web", "a", "Web_1.test-2", "my net", "größe", "x".repeat(128)]) {
    assert.equal(checkedName("network", name), name);
  }
});

const refused: readonly (readonly [name: unknown, why: RegExp])[] = [
  ["", /"" is empty/],
  ["x".repeat(129), /has 129 characters/],
  ["a/b", /"a\/b" has a slash/],
  ["a\0b", /"a\\u0000b" has a control character/],
  ["a\nb", /control character/],
  ["a\u0085b", /control character/],
  [" a", /begins or ends with a space/],
  ["a ", /begins or ends with a space/],
  ["..", /means a directory/],
  [7, /7 is not a text/],
  [undefined, /undefined is not a text/],
];
for (const [name, why] of refused) {
  test(`refuses ${JSON.stringify(name)?.slice(0, 20)} as a name`, () => {
    assert.throws(() => checkedName("network", name), {
      code: "invalid_name",
      kind: "invalid",
      message: why,
    });
    assert.throws(() => checkedName("network", name), /network name .*; use 1 to 128 characters/);
  });
}
