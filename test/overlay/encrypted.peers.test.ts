/**
 * Encrypted networks under Debian's 6.1, which has ESP: what the wire shows, what is refused, and that nothing is lost.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, testInVirtualMachine } from "../support/virtual-machine.ts";

/** Beside the other suites the emulation would take their time, and they its. */
const notAsked = process.env.CAUSEWAY_PEERS === "1" ? false : "takes minutes: npm run test:peers runs it";

// A machine each: both in one would take longer than one may.
const suites = [
  { who: "the driver, told by hand", file: "test/overlay/encrypted.test.ts", atLeast: 11 },
  { who: "controllers of a cluster", file: "test/overlay/encrypted-cluster.test.ts", atLeast: 1 },
];

describe("where the kernel has ESP", { skip: needsVirtualMachine() || notAsked }, () => {
  for (const { who, file, atLeast } of suites)
    it(`packets between hosts are encrypted, and others are refused: by ${who}`, () => {
      const { passed, failed, skipped, complaints } = testInVirtualMachine([file], {
        modules: ["esp4", "esp6", "xfrm_user", "vxlan", "bridge", "br_netfilter"],
        without: ["without ESP"],
      });
      assert.ok(complaints === "", complaints);
      assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 });
      assert.ok(passed >= atLeast, `${passed} tests passed`);
    });
});
