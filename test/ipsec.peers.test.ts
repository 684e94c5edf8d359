/**
 * What needs the kernel's ESP, under Debian's 6.1, which has it; without it these files skip. Packets between hosts are
 * test/overlay/encrypted.peers.test.ts's.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, testInVirtualMachine } from "./support/virtual-machine.ts";

const suites = [
  "packages/kernel/src/xfrm/{policy,state}.test.ts",
  "packages/libnetwork/src/drivers/overlay/encryption/encryption.test.ts",
];

/** Beside the other suites the emulation would take their time, and they its. */
const notAsked = process.env.CAUSEWAY_PEERS === "1" ? false : "takes minutes: npm run test:peers runs it";

describe("where the kernel has ESP", { skip: needsVirtualMachine() || notAsked }, () => {
  it("states and policies are as they were asked for, and are found again", () => {
    const { passed, failed, skipped, complaints } = testInVirtualMachine(suites, {
      modules: ["esp4", "esp6", "xfrm_user"],
    });
    assert.ok(complaints === "", complaints);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 });
    assert.ok(passed >= 9, `${passed} tests passed`);
  });
});
