import assert from "node:assert/strict";
import { test } from "node:test";
import { recordLines, recordSelectors, recordsData, recordTypeOf } from "./records.ts";

test("records are typed as in a zone file: several addresses are several records, several texts one", () => {
  assert.deepEqual(recordsData("A", ["10.0.0.1", "10.0.0.2"]), [
    { type: "A", address: "10.0.0.1" },
    { type: "A", address: "10.0.0.2" },
  ]);
  assert.deepEqual(recordsData("TXT", ["a b", "c"]), [{ type: "TXT", texts: ["a b", "c"] }]);
  assert.deepEqual(recordsData("CNAME", ["www.example.org."]), [
    { type: "CNAME", target: "www.example.org." },
  ]);
  const service = { type: "SRV", port: 8080, target: "web" };
  assert.deepEqual(recordsData("SRV", ["8080", "web"]), [service]);
  assert.deepEqual(recordsData("SRV", ["1 5 8080 web"]), [{ ...service, priority: 1, weight: 5 }]);
  assert.equal(recordTypeOf("aaaa"), "AAAA");
});

test("what is no record is told", () => {
  assert.throws(() => recordTypeOf("AAA"), /"AAA" is no type .*did you mean "AAAA"/);
  for (const values of [
    ["web"],
    ["5", "8080", "web"],
    ["0", "x", "8080", "web"],
    ["0", "0", "123456", "web"],
  ])
    assert.throws(() => recordsData("SRV", values), /write \[PRIORITY WEIGHT\] PORT NAME/);
});

test("what goes is all of a name, all of a type, or what is named", () => {
  assert.deepEqual(recordSelectors("db", undefined, []), [{ name: "db" }]);
  assert.deepEqual(recordSelectors("db", "A", []), [{ name: "db", type: "A" }]);
  assert.deepEqual(recordSelectors("db", "A", ["10.0.0.1"]), [
    { name: "db", type: "A", address: "10.0.0.1" },
  ]);
});

test("records of a name are shown as lines", () => {
  const records = [
    { name: "DB", type: "TXT", ttl: 5, texts: ['say "a"', "b"] },
    { name: "db", type: "SRV", ttl: 600, priority: 0, weight: 5, port: 1, target: "x" },
    { name: "other", type: "A", ttl: 600, address: "10.0.0.1" },
  ] as const;
  const shown = recordLines(
    records.map((record) => ("texts" in record ? { ...record, texts: [...record.texts] } : record)),
    "db",
  );
  assert.deepEqual(shown, ['DB 5 TXT "say \\"a\\"" "b"', "db 600 SRV 0 5 1 x"]);
});
