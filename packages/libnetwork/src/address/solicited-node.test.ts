import assert from "node:assert/strict";
import { test } from "node:test";
import { solicitedNodeGroup } from "./solicited-node.ts";

test("a solicited-node group has the last 24 bits of the address", () => {
  // RFC 4291's own example.
  assert.equal(solicitedNodeGroup("4037::01:800:200e:8c6c"), "ff02::1:ff0e:8c6c");
  assert.equal(solicitedNodeGroup("fd00::2"), "ff02::1:ff00:2");
  assert.throws(() => solicitedNodeGroup("10.0.0.1"), { code: "invalid_address" });
});
