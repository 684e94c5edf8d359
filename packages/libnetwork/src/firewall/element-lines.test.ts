import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NetNamespace, NftElementLister } from "@causeway/kernel";
import type { FirewallItems } from "../contracts/firewall.ts";
import { listedLine, wantedLines } from "./element-lines.ts";
import { NftablesFirewall } from "./nftables-firewall.ts";
import { firewallSets } from "./sets.ts";
import { networkPolicy } from "./test-support.ts";

const sets = firewallSets("causeway");

describe("lines of wanted elements", () => {
  test("subnets are their ends, in a concatenation in one", () => {
    assert.deepEqual(wantedLines({ set: sets.subnets4, key: ["172.30.1.0/24"] }), [
      "172.30.1.0",
      "until 172.30.2.0",
    ]);
    assert.deepEqual(wantedLines({ set: sets.subnets4, key: ["255.255.255.0/24"] }), ["255.255.255.0"]);
    assert.deepEqual(wantedLines({ set: sets.home6, key: ["br0", "fd00::/64"] }), [
      "br0 . fd00:: to br0 . fd00::ffff:ffff:ffff:ffff",
    ]);
  });
});

test("what the kernel lists is what was wanted, whatever the kind of the set", () => {
  using namespace = NetNamespace.create();
  const firewall = new NftablesFirewall({ controllerId: "x", namespace });
  using lister = new NftElementLister(namespace);
  const published = ([4, 6] as const).map((family) => ({
    protocol: "tcp" as const,
    family,
    hostAddress: undefined,
    hostPort: 8080,
    bridge: "br-1",
    address: family === 4 ? "172.30.1.2" : "fd00:1::2",
    port: 80,
  }));
  const items: FirewallItems = {
    // Neighbours: where one subnet ends the next begins.
    networks: [1, 2, 3].map((number) => networkPolicy(number, { trustedInterfaces: ["eth0"] })),
    ports: [
      {
        endpointId: "e",
        interface: "veth1",
        mac: "02:42:ac:1e:01:02",
        addresses: ["172.30.1.2", "fd00:1::2"],
        apart: true,
      },
    ],
    published,
  };
  try {
    firewall.install();
    firewall.apply({ add: items });
    assert.deepEqual(firewall.inspect(), []);
    const lines = (set: (typeof sets)[keyof typeof sets]) =>
      lister
        .list(set)
        .map(listedLine)
        .filter((line) => line !== undefined);
    assert.deepEqual(lines(sets.published_any4), ["tcp . 8080 : 172.30.1.2 . 80"]);
    assert.deepEqual(lines(sets.owners6), ["veth1 . 02:42:ac:1e:01:02 . fd00:1::2"]);
    assert.ok(lines(sets.within).includes("br-1 . br-1 : accept"));
    assert.ok(lines(sets.into).includes("ipv6 . br-2 : goto nat"));
    firewall.apply({ remove: { networks: [{ networkId: "network2" }] } });
    assert.deepEqual(firewall.inspect(), []);
    assert.throws(() => lister.list({ ...sets.macs, name: "nothing" }), { code: "ENOENT" });
  } finally {
    firewall.close();
  }
});
