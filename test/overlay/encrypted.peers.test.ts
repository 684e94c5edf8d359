/**
 * Encrypted networks under Debian's 6.1, which has ESP: what the wire shows, what is refused, and that nothing is lost.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, testInVirtualMachine } from "../support/virtual-machine.ts";

/** By the driver, told by hand, and by controllers of a cluster. */
const suites = ["test/overlay/encrypted.test.ts", "test/overlay/encrypted-cluster.test.ts"];

/** Beside the other suites the emulation would take their time, and they its. */
const notAsked = process.env.CAUSEWAY_PEERS === "1" ? false : "takes minutes: npm run test:peers runs it";

describe("where the kernel has ESP", { skip: needsVirtualMachine() || notAsked }, () => {
  it("packets between hosts are encrypted, and others are refused", () => {
    const { passed, failed, skipped, complaints } = testInVirtualMachine(suites, {
      modules: ["esp4", "esp6", "xfrm_user", "vxlan", "bridge", "br_netfilter"],
      without: ["without ESP"],
    });
    assert.ok(complaints === "", complaints);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 });
    assert.ok(passed >= 11, `${passed} tests passed`);
  });
});
