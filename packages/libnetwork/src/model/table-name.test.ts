import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { NetNamespace, NftContext } from "@causeway/kernel";
import { CausewayError } from "../errors.ts";
import { failsWith } from "../test-support.ts";
import { tableName } from "./table-name.ts";

const isTaken = (name: string): boolean => {
  try {
    return tableName(name, "options.firewallTable") === name;
  } catch (error) {
    assert.ok(error instanceof CausewayError);
    return false;
  }
};

/** Operators, which the library holds as signs. */
const operators = ["eq", "ne", "le", "lt", "ge", "gt", "lshift", "rshift", "xor", "and", "or", "not"];

/** Every word that stands in the library by itself: the keywords of its grammar are among them. */
function wordsOfNft(): readonly string[] {
  const path = /\s(\/\S*\/libnftables\.so\S*)/.exec(readFileSync("/proc/self/maps", "utf8"))?.[1];
  assert.ok(path !== undefined, "the library is loaded");
  const texts = readFileSync(path, "latin1").split("\0");
  const words = texts.map((text) => /^"?([a-z][a-z0-9_]{0,31})"?$/.exec(text)?.[1]);
  return [...new Set([...operators, ...words.filter((word) => word !== undefined)])];
}

test("a table's name that the installed nft would read as a keyword is refused, in every command", () => {
  using namespace = NetNamespace.create();
  using nft = new NftContext(namespace);
  const failures: unknown[] = [];
  const runs = (command: string) => {
    try {
      nft.run(command);
      return true;
    } catch (error) {
      failures.push(error);
      return false;
    }
  };
  const words = wordsOfNft();
  assert.ok(words.length > 300, `${words.length} words`);
  const unusable = words.filter((word) => {
    if (!runs(`add table inet ${word}\n`)) return true;
    const isListed = runs(`list table inet ${word}\n`);
    assert.ok(runs(`delete table inet ${word}\n`), word);
    return !isListed;
  });
  for (const word of ["set", "ip", "inet", "drop", "comment", "and", "tables"]) {
    assert.ok(unusable.includes(word), word);
  }
  for (const failure of failures) assert.match(String(failure), /syntax error/);
  assert.deepEqual(unusable.filter(isTaken), []);
});

test("says which name, and what to do", () => {
  assert.throws(
    () => tableName("set", "options.firewallTable"),
    failsWith(
      "invalid",
      "invalid_table_name",
      /^options\.firewallTable: "set" is a word of nft's.*: choose.*my_set/,
    ),
  );
  for (const name of ["causeway", "my_set", "SET", "name", "memory", "eth0"]) assert.ok(isTaken(name), name);
});
