/**
 * What happens at limits that only the whole machine has, in a machine that is thrown away. One boot for all of them.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, testInVirtualMachine } from "./support/virtual-machine.ts";

const notAsked = process.env.CAUSEWAY_PEERS === "1" ? false : "takes a minute: npm run test:peers runs it";

describe("limits of a machine", { skip: needsVirtualMachine() || notAsked }, () => {
  it("are refusals with a code, leave nothing behind, and are forgotten when they are lifted", () => {
    const { passed, failed, skipped, complaints } = testInVirtualMachine(["test/resources/machine.test.ts"], {
      modules: ["br_netfilter"],
      env: { CAUSEWAY_OWN_MACHINE: "1" },
    });
    assert.ok(complaints === "", complaints);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 });
    assert.ok(passed >= 6, `${passed} tests passed`);
  });
});
