import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNetworkOptions } from "./options.ts";

const defaults = {
  bridgeName: undefined,
  icc: true,
  masquerade: true,
  gatewayModeIpv4: "nat",
  gatewayModeIpv6: "nat",
  inhibitIpv4: false,
  hostBindingIpv4: undefined,
  trustedHostInterfaces: [],
  mtu: undefined,
  hostIpv4: undefined,
  hostIpv6: undefined,
  interfacePrefix: "eth",
  advertiseCount: 3,
  advertiseIntervalMs: 1000,
  antiSpoofing: true,
};

test("defaults", () => {
  assert.deepEqual(parseNetworkOptions({}, false), defaults);
});

/** Docker's labels: what they say, and what is made of it. */
const labels: Readonly<Record<string, readonly [string, object]>> = {
  "com.docker.network.bridge.name": ["lan0", { bridgeName: "lan0" }],
  "com.docker.network.bridge.enable_icc": ["false", { icc: false }],
  "com.docker.network.bridge.enable_ip_masquerade": ["0", { masquerade: false }],
  "com.docker.network.bridge.gateway_mode_ipv4": ["routed", { gatewayModeIpv4: "routed" }],
  "com.docker.network.bridge.gateway_mode_ipv6": ["nat-unprotected", { gatewayModeIpv6: "nat-unprotected" }],
  "com.docker.network.bridge.inhibit_ipv4": ["true", { inhibitIpv4: true }],
  "com.docker.network.bridge.host_binding_ipv4": ["127.0.0.1", { hostBindingIpv4: "127.0.0.1" }],
  "com.docker.network.bridge.default_bridge": ["true", { defaultBridge: true }],
  "com.docker.network.bridge.trusted_host_interfaces": [
    "eth1:eth2",
    { trustedHostInterfaces: ["eth1", "eth2"] },
  ],
  "com.docker.network.driver.mtu": ["1400", { mtu: 1400 }],
  "com.docker.network.host_ipv4": ["192.0.2.1", { hostIpv4: "192.0.2.1" }],
  "com.docker.network.host_ipv6": ["2001:DB8::1", { hostIpv6: "2001:db8::1" }],
  "com.docker.network.container_iface_prefix": ["net", { interfacePrefix: "net" }],
  "com.docker.network.advertise_addr_nmsgs": ["0", { advertiseCount: 0 }],
  "com.docker.network.advertise_addr_ms": ["200", { advertiseIntervalMs: 200 }],
};
for (const [label, [text, parsed]] of Object.entries(labels)) {
  test(`${label} is read, and so is its short name`, () => {
    assert.deepEqual(parseNetworkOptions({ [label]: text }, false), { ...defaults, ...parsed });
    assert.deepEqual(parseNetworkOptions(parsed as Record<string, unknown>, false), {
      ...defaults,
      ...parsed,
    });
  });
}

for (const [title, options, code] of [
  ["an unknown option", { icd: true }, "unknown_option"],
  ["an unknown label", { "com.docker.network.bridge.icc": "true" }, "unknown_option"],
  ["both names of an option", { mtu: 1400, "com.docker.network.driver.mtu": "1400" }, "option_given_twice"],
  ["an MTU out of range", { mtu: 67 }, "invalid_option"],
  ["an IPv6 address for IPv4", { hostIpv4: "fd00::1" }, "invalid_address"],
  ["a long bridge name", { bridgeName: "x".repeat(16) }, "invalid_interface_name"],
  ["a trusted interface that has no name", { trustedHostInterfaces: "eth0::eth1" }, "invalid_interface_name"],
  ["trusted interfaces that are no texts", { trustedHostInterfaces: [1, null] }, "invalid_option"],
  ["257 trusted interfaces", { trustedHostInterfaces: Array(257).fill("eth1") }, "invalid_option"],
  ["a bridge name that the kernel makes another of", { bridgeName: "br%d" }, "invalid_interface_name"],
  [
    "an isolated gateway outside of internal networks",
    { gatewayModeIpv6: "isolated" },
    "isolated_needs_internal",
  ],
  ["four announcements", { advertiseCount: 4 }, "invalid_option"],
] as const) {
  test(`refuses ${title}`, () => {
    assert.throws(() => parseNetworkOptions(options, false), { code, kind: "invalid" });
  });
}

test("internal networks may have an isolated gateway", () => {
  assert.equal(parseNetworkOptions({ gatewayModeIpv4: "isolated" }, true).gatewayModeIpv4, "isolated");
});
