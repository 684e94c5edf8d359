/**
 * The kinds of links that this machine's kernel may lack (dummy, ipvlan, vlan), under a kernel that has them all.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, runInVirtualMachine } from "../../../../test/support/virtual-machine.ts";

describe("links of every kind under Debian's kernel", { skip: needsVirtualMachine() }, () => {
  it("are made, changed and shown as iproute2 shows them", () => {
    const { status, output } = runInVirtualMachine(
      [process.execPath, "--test", "--test-reporter=tap", "packages/kernel/src/rtnl/kinds.test.ts"],
      { modules: ["tun"], env: { CAUSEWAY_ALL_KINDS: "1" } },
    );
    assert.equal(status, 0, output);
    const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(output)?.[1]);
    assert.deepEqual([count("fail"), count("skipped")], [0, 0], output);
    assert.ok(count("pass") >= 20, output);
  });
});
