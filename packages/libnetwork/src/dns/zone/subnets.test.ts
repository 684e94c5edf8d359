import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseIp } from "../../address/ip.ts";
import { CountedSubnets } from "./subnets.ts";

describe("CountedSubnets", () => {
  it("contain what is in one of them, of either family, until it was removed as often as it was added", () => {
    const subnets = new CountedSubnets();
    const found = (...addresses: string[]) => addresses.map((text) => subnets.contain(parseIp(text)));
    assert.deepEqual(found("10.0.0.1", "::"), [false, false]);
    for (const subnet of ["10.0.0.0/24", "10.0.0.0/24", "10.1.0.0/16", "fd00::/64", "192.0.2.1/32"])
      subnets.add(subnet);
    assert.deepEqual(found("10.0.0.255", "10.0.1.0", "10.1.255.255"), [true, false, true]);
    assert.deepEqual(found("fd00::ffff", "fd00:0:0:1::", "192.0.2.1", "192.0.2.0"), [
      true,
      false,
      true,
      false,
    ]);
    subnets.remove("10.0.0.0/24");
    assert.deepEqual(found("10.0.0.1"), [true]);
    for (const subnet of ["10.0.0.0/24", "10.1.0.0/16", "never/24"]) subnets.remove(subnet);
    assert.deepEqual(found("10.0.0.1", "10.1.0.1", "fd00::1"), [false, false, true]);
  });
});
