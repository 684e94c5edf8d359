/**
 * The kinds of links that this machine's kernel may lack (dummy, ipvlan, vlan), under a kernel that has them all.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, testInVirtualMachine } from "../../../../test/support/virtual-machine.ts";

describe("links of every kind under Debian's kernel", { skip: needsVirtualMachine() }, () => {
  it("are made, changed and shown as iproute2 shows them", () => {
    const { passed, failed, skipped, complaints } = testInVirtualMachine(
      ["packages/kernel/src/rtnl/kinds.test.ts"],
      { modules: ["tun"], env: { CAUSEWAY_ALL_KINDS: "1" } },
    );
    assert.ok(complaints === "", complaints);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 });
    assert.ok(passed >= 20, `${passed} tests passed`);
  });
});
