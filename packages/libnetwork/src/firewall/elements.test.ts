/**
 * From policies to elements, without a kernel.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { NetworkPolicy, PublishedPort } from "../contracts/firewall.ts";
import { distinct, ElementRegister } from "./element-register.ts";
import { networkElements, portElements, publishedElements } from "./elements.ts";
import { elementsText } from "./ruleset.ts";
import { type FirewallElement, firewallSets } from "./sets.ts";

const sets = firewallSets("causeway");

/** Elements as nft writes them, without the command and the table. */
function lines(elements: readonly FirewallElement[]): string[] {
  return elements.map((element) =>
    elementsText("add", [element])
      .trim()
      .replace(/^add element (inet|bridge) causeway /, ""),
  );
}

const network: NetworkPolicy = {
  networkId: "n",
  bridge: "br0",
  internal: false,
  icc: true,
  ipv4: {
    subnet: "172.30.0.0/24",
    gateway: "172.30.0.1",
    gatewayMode: "nat",
    masquerade: true,
    sourceAddress: undefined,
  },
  ipv6: undefined,
  trustedInterfaces: [],
};

const published: PublishedPort = {
  protocol: "udp",
  family: 6,
  hostAddress: "2001:db8::1",
  hostPort: 5353,
  bridge: "br0",
  address: "fd00::2",
  port: 53,
};

describe("the elements of a network", () => {
  it("say where it is and what becomes of its traffic", () => {
    assert.deepEqual(lines(networkElements(sets, network)), [
      'bridges { "br0" }',
      'within { "br0" . "br0" : accept }',
      'into { ipv4 . "br0" : goto nat }',
      'home4 { "br0" . 172.30.0.0/24 }',
      "subnets4 { 172.30.0.0/24 }",
      "rewritten4 { 172.30.0.0/24 }",
      "gateways4 { 172.30.0.1 }",
      'own_gateways4 { "br0" . 172.30.0.1 }',
      'into { ipv6 . "br0" : drop }',
      'closed { ipv6 . "br0" }',
      'absent { ipv6 . "br0" }',
    ]);
  });

  it("close both families of an internal one, and keep its gateway", () => {
    const ipv4 = network.ipv4;
    assert.deepEqual(lines(networkElements(sets, { ...network, internal: true, icc: false, ipv4 })), [
      'bridges { "br0" }',
      'within { "br0" . "br0" : goto apart }',
      'into { ipv4 . "br0" : drop }',
      'closed { ipv4 . "br0" }',
      "gateways4 { 172.30.0.1 }",
      'own_gateways4 { "br0" . 172.30.0.1 }',
      'into { ipv6 . "br0" : drop }',
      'closed { ipv6 . "br0" }',
      'absent { ipv6 . "br0" }',
    ]);
  });

  it("say by which address it leaves, and who is trusted", () => {
    const ipv4 = { ...network.ipv4, subnet: "10.0.0.0/8", gateway: undefined, sourceAddress: "192.0.2.7" };
    const policy = { ...network, ipv4: { gatewayMode: "routed", masquerade: true, ...ipv4 } as const };
    assert.deepEqual(lines(networkElements(sets, { ...policy, trustedInterfaces: ["eth1"] })).slice(2, 8), [
      'trusted { "eth1" . "br0" }',
      'into { ipv4 . "br0" : goto nat }',
      'home4 { "br0" . 10.0.0.0/8 }',
      "subnets4 { 10.0.0.0/8 }",
      "rewritten4 { 10.0.0.0/8 }",
      "sources4 { 10.0.0.0/8 : 192.0.2.7 }",
    ]);
  });
});

describe("the elements of a port", () => {
  const port = {
    endpointId: "e",
    interface: "veth0",
    mac: "02:00:00:00:00:02",
    addresses: ["172.30.0.2", "fe80::2"],
  };

  it("hold it to its addresses", () => {
    assert.deepEqual(lines(portElements(sets, port)), [
      'guarded { "veth0" }',
      'macs { "veth0" . 02:00:00:00:00:02 }',
      'owners4 { "veth0" . 02:00:00:00:00:02 . 172.30.0.2 }',
      'owners6 { "veth0" . 02:00:00:00:00:02 . fe80::2 }',
      'targets6 { "veth0" . 0xfe800000000000000000000000000002 }',
    ]);
  });

  it("hold it apart, guarded or not", () => {
    assert.deepEqual(lines(portElements(sets, { ...port, guarded: false, apart: true })), [
      'apart { "veth0" }',
    ]);
    assert.equal(portElements(sets, { ...port, apart: true }).length, 6);
    assert.deepEqual(portElements(sets, { ...port, guarded: false }), []);
  });
});

describe("the elements of a published port", () => {
  it("lead from one address of the host", () => {
    assert.deepEqual(lines(publishedElements(sets, published)), [
      "opened6 { udp . fd00::2 . 53 }",
      "published6 { udp . 2001:db8::1 . 5353 : fd00::2 . 53 }",
    ]);
  });

  it("lead from every address", () => {
    assert.deepEqual(lines(publishedElements(sets, { ...published, hostAddress: undefined })), [
      "opened6 { udp . fd00::2 . 53 }",
      "published_any6 { udp . 5353 : fd00::2 . 53 }",
    ]);
  });

  it("only open the container's own where nothing is rewritten", () => {
    assert.deepEqual(lines(publishedElements(sets, { ...published, hostPort: undefined })), [
      "opened6 { udp . fd00::2 . 53 }",
    ]);
  });
});

describe("ElementRegister", () => {
  const element = (number: number): FirewallElement => ({ set: sets.bridges, key: [`br${number}`] });
  const numbers = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 });

  it("keeps the kernel in step with a plain multiset, forwards and backwards", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ remove: numbers, add: numbers }), { maxLength: 8 }), (changes) => {
        const register = new ElementRegister();
        const kernel = new Set<string>();
        const wanted: number[] = [];
        for (const { remove, add } of changes) {
          // As the firewall does: nothing is taken off that was not put on.
          const held = remove.filter(
            (number, at) => count(wanted, number) > count(remove.slice(0, at), number),
          );
          const difference = register.change(held.map(element), add.map(element));
          carryOut(kernel, difference);
          for (const number of held) wanted.splice(wanted.indexOf(number), 1);
          wanted.push(...add);
          const names = new Set(wanted.map((number) => `br${number}`));
          assert.deepEqual([...kernel].sort(), [...names].sort());
          assert.deepEqual(
            distinct(wanted.map(element))
              .map(({ key }) => String(key))
              .sort(),
            [...names].sort(),
          );
          // And back, and there again.
          carryOut(kernel, register.change(add.map(element), held.map(element)));
          carryOut(kernel, register.change(held.map(element), add.map(element)));
          assert.deepEqual([...kernel].sort(), [...names].sort());
        }
      }),
    );
  });
});

const count = (items: readonly number[], item: number) => items.filter((other) => other === item).length;

/** What nf_tables does: it refuses to remove what is not there and to add what is. */
function carryOut(
  kernel: Set<string>,
  { remove, add }: { readonly remove: readonly FirewallElement[]; readonly add: readonly FirewallElement[] },
): void {
  for (const { key } of remove) assert.ok(kernel.delete(String(key)));
  for (const { key } of add) {
    assert.ok(!kernel.has(String(key)));
    kernel.add(String(key));
  }
}
