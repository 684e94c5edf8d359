/**
 * What needs the kernel's ESP, under Debian's 6.1, which has it: states of the kernel, and overlay networks' packets between
 * hosts, encrypted and refused. One boot for all of them; without ESP these files skip.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, testInVirtualMachine } from "./support/virtual-machine.ts";

const suites = ["packages/kernel/src/xfrm/{policy,state}.test.ts", "test/overlay/encrypted.test.ts"];

/** Beside the other suites the emulation would take their time, and they its. */
const notAsked = process.env.CAUSEWAY_PEERS === "1" ? false : "takes minutes: npm run test:peers runs it";

describe("where the kernel has ESP", { skip: needsVirtualMachine() || notAsked }, () => {
  it("packets between hosts are encrypted, and others are refused", () => {
    const { passed, failed, skipped, complaints } = testInVirtualMachine(suites, {
      modules: ["esp4", "esp6", "xfrm_user", "vxlan", "bridge"],
      without: ["without ESP"],
    });
    assert.ok(complaints === "", complaints);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 });
    assert.ok(passed >= 5, `${passed} tests passed`);
  });
});
