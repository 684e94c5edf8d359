import assert from "node:assert/strict";
import { test } from "node:test";
import { tableItems } from "./connection-table.ts";

test("a table of connections is told of from nine tenths on, with the mend", () => {
  assert.deepEqual(tableItems(899, 1000), []);
  assert.deepEqual(tableItems(5, 0), [], "without a limit");
  const [item] = tableItems(900, 1000);
  assert.deepEqual([item?.code, item?.nature], ["connection_table_full", "host"]);
  assert.match(item?.message ?? "", /900 connections of at most 1000/);
  assert.match(item?.mend ?? "", /nf_conntrack_max=2000/);
});
