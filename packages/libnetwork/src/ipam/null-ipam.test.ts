import assert from "node:assert/strict";
import { test } from "node:test";
import { ipamContract } from "./ipam-contract.ts";
import { NullIpam } from "./null-ipam.ts";

ipamContract("NullIpam", { create: () => new NullIpam(), handsOutAddresses: false });

test("its one pool has libnetwork's id", () => {
  const ipam = new NullIpam();
  assert.deepEqual(ipam.requestPool({ addressSpace: "null", v6: false }), {
    poolId: "null/0.0.0.0/0",
    pool: "",
  });
  assert.throws(() => ipam.requestPool({ addressSpace: "null", pool: "10.0.0.0/8", v6: false }), {
    code: "null_ipam_pool",
    message: /10\.0\.0\.0\/8/,
  });
  assert.throws(() => ipam.requestAddress({ poolId: "null/0.0.0.0/0", address: "10.0.0.1" }), {
    code: "null_ipam_address",
    message: /10\.0\.0\.1/,
  });
});
