import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesPattern } from "./pattern.ts";

/** Patterns of everything that is understood, over two letters. */
const patterns = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  pattern: fc
    .array(
      fc.tuple(tie("atom"), fc.constantFrom("", "", "*", "+", "?")).map(([atom, sign]) => atom + sign),
      { maxLength: 4 },
    )
    .map((parts) => parts.join("")),
  atom: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("a", "b", ".", "[a]", "[^a]", "[a-b]", "\\."),
    fc.tuple(tie("pattern"), tie("pattern")).map(([one, other]) => `(${one}|${other})`),
  ),
})).pattern;
const anchored = fc
  .tuple(fc.constantFrom("", "^"), patterns, fc.constantFrom("", "$"))
  .map((parts) => parts.join(""))
  // The matcher that it is held against takes for ever for some long ones.
  .filter((pattern) => pattern.length <= 40);

test("a pattern matches where a regular expression does", () => {
  const texts = fc.string({ unit: fc.constantFrom("a", "b", ".", "c"), maxLength: 6 });
  fc.assert(
    fc.property(anchored, texts, (pattern, text) => {
      assert.equal(matchesPattern(pattern, text), new RegExp(pattern).test(text), `${pattern} on ${text}`);
    }),
    { numRuns: 3000 },
  );
});

test("one that takes a backtracking matcher for ever is answered", () => {
  const text = "a".repeat(128);
  assert.equal(matchesPattern("^(a+)+$", `${text}b`), false);
  assert.equal(matchesPattern("(a*)*b", text), false);
  assert.equal(matchesPattern(`^${"a?".repeat(128)}${"a".repeat(128)}$`, text), true);
  assert.equal(matchesPattern(`${"(".repeat(200)}a${")".repeat(200)}`, text), true);
});

test("what is not understood is said to be none", () => {
  for (const pattern of ["a{2}", "(?i)a", "\\d", "(a", "a)", "*a", "[a", "[\\d]", "a**b(", "a".repeat(600)]) {
    assert.equal(matchesPattern(pattern, "a"), undefined, pattern);
  }
});
