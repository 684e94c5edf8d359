import assert from "node:assert/strict";
import { test } from "node:test";
import { interfaceName, interfacePrefix } from "./interface-name.ts";

test("takes names that the kernel takes", () => {
  for (const name of ["eth0", "a", "lan.7", "x".repeat(15), "größe", "-", "..."]) {
    assert.equal(interfaceName(name, "o"), name);
  }
  assert.equal(interfacePrefix("x".repeat(11), "o"), "x".repeat(11));
});

test("refuses what the kernel refuses, by bytes", () => {
  for (const [name, why] of [
    ["", /is empty: give/],
    ["x".repeat(16), /longer than 15 bytes: shorten/],
    ["ä".repeat(8), /longer than 15 bytes/],
    ["a b", /space/],
    ["a/b", /"\/"/],
    ["a:b", /":"/],
    ["a\0", /control character/],
    [".", /means a directory/],
    ["..", /means a directory/],
    ["br%d", /"%"/],
    ["a*", /"\*"/],
    ['a"', /a quote/],
    ["a\\", /a backslash/],
    ["all", /means settings of every interface/],
    ["default", /means settings/],
  ] as const) {
    assert.throws(() => interfaceName(name, "options.interfaceName"), {
      code: "invalid_interface_name",
      message: why,
      detail: name,
    });
  }
  assert.throws(() => interfaceName(7, "o"), { code: "invalid_option" });
  assert.throws(() => interfacePrefix("x".repeat(12), "o"), /longer than 11 bytes/);
});
