/**
 * Overlay networks under Debian's 6.1: the bridge's answers to ARP and neighbour solicitations, and what a VXLAN device is made with. The
 * others of this folder take too long under emulation.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, testInVirtualMachine } from "../support/virtual-machine.ts";

/** Beside the other suites the emulation would take their time, and they its. */
const notAsked = process.env.CAUSEWAY_PEERS === "1" ? false : "takes minutes: npm run test:peers runs it";

describe("overlay networks under Linux 6.1", { skip: needsVirtualMachine() || notAsked }, () => {
  it("the bridge answers for endpoints elsewhere, and nothing is flooded, as here", () => {
    const suites = ["test/overlay/answers.test.ts"];
    const { passed, failed, skipped, complaints } = testInVirtualMachine(suites, {
      modules: ["vxlan", "bridge", "veth", "br_netfilter"],
    });
    assert.ok(complaints === "", complaints);
    assert.deepEqual({ passed, failed, skipped }, { passed: 2, failed: 0, skipped: 0 });
  });
});
