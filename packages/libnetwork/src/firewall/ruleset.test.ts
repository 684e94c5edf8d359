/**
 * The rule sets, golden: as we write them, and as the kernel lists what it made of them.
 *
 * After a change on purpose, `CAUSEWAY_GOLDEN=write node --test ruleset.test.ts` writes the files anew: read the difference.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { NftContext } from "@causeway/kernel";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { NftablesFirewall } from "./nftables-firewall.ts";
import { elementsText, rulesets, tableText } from "./ruleset.ts";
import { firewallSets } from "./sets.ts";
import { BareHost, networkPolicy } from "./test-support.ts";

function assertGolden(name: string, text: string): void {
  const file = new URL(`testdata/${name}`, import.meta.url);
  if (process.env.CAUSEWAY_GOLDEN === "write") writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"));
}

/** Elements of hash sets are listed in an order of the kernel's own: sorted, one after the other. */
function normalise(listing: string): string {
  return listing.replaceAll(/elements = \{([^}]*)\}/g, (_, elements: string) => {
    const sorted = elements.split(",").map((element) => element.trim());
    return `elements = { ${sorted.sort().join(", ")} }`;
  });
}

describe("the rule sets", () => {
  checkLeaks();

  for (const [place, ruleset] of Object.entries(rulesets)) {
    for (const family of ruleset.chains.keys()) {
      it(`of a ${place}, of the ${family} family, are written as in testdata`, () => {
        const name = place === "host" ? family : place;
        assertGolden(`${name}.nft`, tableText(family, "causeway", ruleset, firewallSets("causeway")));
      });
    }
  }

  it("are listed by nft as in testdata, with a network, a port and published ports in them", () => {
    using host = new BareHost();
    using nft = new NftContext(host.namespace);
    const firewall = new NftablesFirewall({ controllerId: "golden", namespace: host.namespace });
    const mac = "02:00:00:00:01:02";
    const target = { bridge: "br-1", protocol: "tcp", port: 80 } as const;
    firewall.apply({
      add: {
        networks: [
          networkPolicy(1, {
            icc: false,
            trustedInterfaces: ["lan0"],
            ipv6: { gatewayMode: "routed", masquerade: false },
          }),
          networkPolicy(2, {
            ipv4: { sourceAddress: "192.0.2.7" },
            ipv6: { gatewayMode: "nat-unprotected" },
          }),
          networkPolicy(3, { internal: true, ipv6: null }),
        ],
        ports: [
          { endpointId: "e", interface: "veth1", mac, addresses: ["172.30.1.2", "fd00:1::2"], apart: true },
        ],
        published: [
          { ...target, family: 4, hostAddress: undefined, hostPort: 8080, address: "172.30.1.2" },
          { ...target, family: 4, hostAddress: "127.0.0.1", hostPort: 8081, address: "172.30.1.2" },
          { ...target, family: 6, hostAddress: undefined, hostPort: undefined, address: "fd00:1::2" },
          {
            ...target,
            family: 6,
            hostAddress: "2001:db8::1",
            hostPort: 8080,
            address: "fd00:2::2",
            bridge: "br-2",
          },
        ],
      },
    });
    firewall.install();
    firewall.setForeignForwarding("drop");
    assertGolden("listed.nft", normalise(nft.run("list ruleset")));
    firewall.close();
  });

  it("are one table of a segment's, in which the operator has no chain", () => {
    using host = new BareHost();
    using nft = new NftContext(host.namespace);
    const firewall = new NftablesFirewall({
      controllerId: "c",
      namespace: host.namespace,
      place: "segment",
    });
    firewall.install();
    const tables = nft.list("tables").map(({ table }) => `${table?.family} ${table?.name}`);
    assert.deepEqual(tables, ["bridge causeway"]);
    assert.throws(() => nft.list("chain bridge causeway user"), { code: "ENOENT" });
    assert.deepEqual(firewall.inspect(), []);
    firewall.close();
  });
});

describe("elementsText", () => {
  const { bridges, published_any4: map } = firewallSets("causeway");

  it("is one command a set", () => {
    const elements = [
      { set: bridges, key: ["br0"] },
      { set: map, key: ["tcp", "80"], data: ["172.30.0.2", "8080"] },
      { set: bridges, key: ["br1"] },
    ];
    assert.equal(
      elementsText("add", elements),
      'add element inet causeway bridges { "br0", "br1" }\n' +
        "add element inet causeway published_any4 { tcp . 80 : 172.30.0.2 . 8080 }\n",
    );
  });

  it("removes by key alone", () => {
    const element = { set: map, key: ["tcp", "80"], data: ["172.30.0.2", "8080"] };
    assert.equal(
      elementsText("delete", [element]),
      "delete element inet causeway published_any4 { tcp . 80 }\n",
    );
  });

  it("refuses names that would be more than a name", () => {
    for (const name of ['a"', "br*", "a b", "a\\"]) {
      assert.throws(() => elementsText("add", [{ set: bridges, key: [name] }]), TypeError);
    }
  });
});
