import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedNetworkOptions, ipamConfigOf } from "./network-options.ts";

test("defaults", () => {
  assert.deepEqual(checkedNetworkOptions(undefined), {
    ipamDriver: "default",
    ipamOptions: {},
    ipamConfig: [],
    ipv4: true,
    ipv6: false,
    internal: false,
    attachable: false,
    ingress: false,
    scope: undefined,
    labels: {},
    configOnly: false,
    configFrom: undefined,
    dynamic: false,
    persist: true,
    dns: [],
    dnsTtl: undefined,
    driverOptions: {},
  });
});

test("an IPv6 subnet turns IPv6 on, and each family has its own", () => {
  const options = checkedNetworkOptions({
    ipam: { config: [{ subnet: "FD00:0:0::/64" }, { subnet: "172.30.0.0/24", gateway: "172.30.0.9" }] },
  });
  assert.equal(options.ipv6, true);
  assert.deepEqual(ipamConfigOf(options, 4), [{ subnet: "172.30.0.0/24", gateway: "172.30.0.9" }]);
  assert.deepEqual(ipamConfigOf(options, 6), [{ subnet: "fd00::/64" }], "in canonical form");
});

test("a family without subnet gets one of the IPAM's choice, one that is off none", () => {
  const both = checkedNetworkOptions({ ipv6: true });
  assert.deepEqual([ipamConfigOf(both, 4), ipamConfigOf(both, 6)], [[{}], [{}]]);
  const alone = checkedNetworkOptions({ ipv4: false, ipv6: true });
  assert.deepEqual([ipamConfigOf(alone, 4), ipamConfigOf(alone, 6)], [[], [{}]]);
});

test("any free subnet of a size", () => {
  const { ipamConfig } = checkedNetworkOptions({
    ipam: { config: [{ subnet: "0.0.0.0/24" }, { subnet: "::/64" }] },
  });
  assert.deepEqual(ipamConfig, [{ subnet: "0.0.0.0/24" }, { subnet: "::/64" }]);
});

for (const [title, options, code] of [
  ["no family", { ipv4: false }, "no_address_family"],
  [
    "a subnet of a family that is off",
    { ipv4: false, ipv6: true, ipam: { config: [{ subnet: "10.0.0.0/8" }] } },
    "family_disabled",
  ],
  ["host bits", { ipam: { config: [{ subnet: "10.0.0.1/8" }] } }, "subnet_host_bits"],
  ["an address with a prefix length", { ipam: { config: [{ gateway: "10.0.0.1/8" }] } }, "invalid_address"],
  ["another scope", { scope: "swarm" }, "invalid_option"],
] as const) {
  test(`refuses ${title}`, () => {
    assert.throws(() => checkedNetworkOptions(options), { code, kind: "invalid" });
  });
}
