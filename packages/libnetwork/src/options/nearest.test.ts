import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearest, suggestion, suggestionOrAll } from "./nearest.ts";

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

test("of short names one change is a slip, two are another word", () => {
  const known = ["tcp", "udp", "sctp"];
  for (const given of ["tpc", "tcpp", "TCP", "tc"]) assert.equal(nearest(given, known), "tcp", given);
  for (const given of ["icmp", "ip", "quic", ""]) assert.equal(nearest(given, known), undefined, given);
});

test("where nothing is near, tells what there is", () => {
  const known = ["internal", "ipam"];
  assert.equal(suggestionOrAll("interal", known), ' (did you mean "internal"?)');
  assert.equal(suggestionOrAll("subnet", known), ": there are internal, ipam");
  assert.equal(suggestionOrAll("subnet", [...known, "com.label"], known), ": there are internal, ipam");
  assert.equal(suggestionOrAll("subnet", ["ipam"]), ": there is ipam");
  assert.equal(suggestionOrAll("subnet", []), ": there are none");
});

test("suggests nothing where nothing is near", () => {
  assert.equal(nearest("subnet", ["internal", "ipam"]), undefined);
  assert.equal(nearest("x", []), undefined);
  assert.equal(suggestion("subnet", ["internal"]), "");
  assert.equal(suggestion("interal", ["internal"]), ' (did you mean "internal"?)');
});

test("a name as long as a body may be holds nobody up", () => {
  const known = Array.from({ length: 30 }, (_, at) => `com.example.network.option${at}`);
  const begun = performance.now();
  assert.equal(nearest("x".repeat(2 ** 20), known), undefined);
  assert.ok(performance.now() - begun < 1000, `${performance.now() - begun} ms`);
});

test("a name is nearest to itself", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), fc.nat(), (names, at) => {
      const name = names[at % names.length] ?? "";
      assert.equal(nearest(name, names)?.toLowerCase(), name.toLowerCase());
    }),
  );
});
