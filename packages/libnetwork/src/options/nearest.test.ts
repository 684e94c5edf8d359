import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearest, suggestion } from "./nearest.ts";

test("finds the name that was probably meant", () => {
  const known = ["internal", "attachable", "ipam", "ipv6", "driverOptions"];
  for (const [given, meant] of [
    ["interal", "internal"],
    ["INTERNAL", "internal"],
    ["ipv", "ipv6"],
    ["driverOption", "driverOptions"],
    ["atachabel", "attachable"],
  ] as const) {
    assert.equal(nearest(given, known), meant, given);
  }
});

test("suggests nothing where nothing is near", () => {
  assert.equal(nearest("subnet", ["internal", "ipam"]), undefined);
  assert.equal(nearest("x", []), undefined);
  assert.equal(suggestion("subnet", ["internal"]), "");
  assert.equal(suggestion("interal", ["internal"]), ' (did you mean "internal"?)');
});

test("a name is nearest to itself", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), fc.nat(), (names, at) => {
      const name = names[at % names.length] ?? "";
      assert.equal(nearest(name, names)?.toLowerCase(), name.toLowerCase());
    }),
  );
});
