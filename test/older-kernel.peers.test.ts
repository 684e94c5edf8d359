/**
 * The parts that live by the kernel's behaviour, under Debian's 6.1: older than what this is developed on, and with what that
 * lacks (SCTP sockets, VLAN filtering of bridges). One boot for all of them.
 *
 * A selection, because emulation is slow, and slower still on a busy machine: the limit of a test file is near. Left out are
 * property tests, pure functions, and what takes long: the reaper, the drivers' contract, the isolation matrix, which have
 * passed by hand.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needsVirtualMachine, testInVirtualMachine } from "./support/virtual-machine.ts";

const suites = [
  "packages/kernel/src/conntrack/conntrack.test.ts",
  "packages/kernel/src/rtnl/{address,link,neighbour,route,rule}.test.ts",
  "packages/kernel/src/sys/{inet-socket,namespace}.test.ts",
  "packages/libnetwork/src/firewall/{forward,invalid,loopback}.test.ts",
  "test/model/{first-packet,sctp,several-networks}.test.ts",
];

/** Beside the other suites the emulation would take their time, and they its. */
const notAsked = process.env.CAUSEWAY_PEERS === "1" ? false : "takes minutes: npm run test:peers runs it";

describe("under Linux 6.1", { skip: needsVirtualMachine() || notAsked }, () => {
  it("the kernel's part, the firewall, ports and the first packet are as they are here", () => {
    const { passed, failed, skipped, complaints } = testInVirtualMachine(suites, {
      modules: ["sctp", "tun", "br_netfilter"],
      without: ["bridge-nf-call-iptables off"],
    });
    assert.ok(complaints === "", complaints);
    assert.deepEqual({ failed, skipped }, { failed: 0, skipped: 0 });
    assert.ok(passed >= 60, `${passed} tests passed`);
  });
});
