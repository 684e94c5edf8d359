import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkSpec, PortBinding } from "../../contracts/driver.ts";
import { hostAddresses, planNetwork } from "./network-plan.ts";
import { isRelayed, portPolicy, publishedPorts } from "./policies.ts";

function spec(options: Readonly<Record<string, unknown>> = {}, more: Partial<NetworkSpec> = {}): NetworkSpec {
  const data = (pool: string, gateway: string | undefined) => [
    { addressSpace: "local", pool, gateway, auxiliaryAddresses: {} },
  ];
  return {
    id: "0123456789abcdef",
    name: "n",
    internal: false,
    options,
    ipv4: data("172.30.1.0/24", "172.30.1.1/24"),
    ipv6: data("fd00:1::/64", "fd00:1::1/64"),
    ...more,
  };
}

const family = (subnet: string, gateway: string | undefined) => ({
  subnet,
  gateway,
  gatewayMode: "nat",
  masquerade: true,
  sourceAddress: undefined,
});

test("a network with every default", () => {
  const plan = planNetwork(spec());
  assert.deepEqual(plan.policy, {
    networkId: "0123456789abcdef",
    bridge: "br-0123456789ab",
    internal: false,
    icc: true,
    ipv4: family("172.30.1.0/24", "172.30.1.1"),
    ipv6: family("fd00:1::/64", "fd00:1::1"),
    trustedInterfaces: [],
  });
  assert.deepEqual(hostAddresses(plan), ["172.30.1.1/24", "fd00:1::1/64"]);
  assert.deepEqual(plan.routed, new Set());
});

test("a routed family is neither masqueraded nor given a source address", () => {
  const { policy, routed } = planNetwork(
    spec({ gatewayModeIpv6: "routed", hostIpv6: "fd99::1", hostIpv4: "192.0.2.1", masquerade: false }),
  );
  assert.deepEqual(routed, new Set([6]));
  const { ipv4, ipv6 } = policy;
  assert.deepEqual([ipv4?.masquerade, ipv4?.sourceAddress], [false, "192.0.2.1"]);
  assert.deepEqual([ipv6?.gatewayMode, ipv6?.masquerade, ipv6?.sourceAddress], ["routed", false, undefined]);
});

test("where the host has no address: inhibited, isolated, or none given", () => {
  const addresses = (...args: Parameters<typeof spec>) => hostAddresses(planNetwork(spec(...args)));
  assert.deepEqual(addresses({ inhibitIpv4: true }), ["fd00:1::1/64"]);
  const isolated = { gatewayModeIpv4: "isolated", gatewayModeIpv6: "isolated" };
  assert.deepEqual(addresses(isolated, { internal: true }), []);
  assert.deepEqual(addresses({}, { ipv6: [] }), ["172.30.1.1/24"]);
});

test("a network without addresses (null IPAM) has no policy of a family", () => {
  const none = [{ addressSpace: "null", pool: "", gateway: undefined, auxiliaryAddresses: {} }];
  const { policy } = planNetwork(spec({}, { ipv4: none, ipv6: [] }));
  assert.deepEqual([policy.ipv4, policy.ipv6], [undefined, undefined]);
});

test("an MTU that IPv6 cannot use, and two subnets of a family, are refused", () => {
  assert.throws(() => planNetwork(spec({ mtu: 1279 })), { code: "mtu_too_small" });
  planNetwork(spec({ mtu: 1280 }));
  planNetwork(spec({ mtu: 68 }, { ipv6: [] }));
  const { ipv4 } = spec();
  assert.throws(() => planNetwork(spec({}, { ipv4: [...ipv4, ...ipv4] })), { code: "too_many_subnets" });
});

test("a port of a bridge may send from its own addresses, the link-local one included", () => {
  const addresses = { mac: "02:42:ac:1e:01:02", ipv4: "172.30.1.2/24", ipv6: "fd00:1::2/64" };
  const choices = { antiSpoofing: true, icc: true };
  assert.deepEqual(portPolicy("e", "veth0", addresses, choices), {
    endpointId: "e",
    interface: "veth0",
    mac: addresses.mac,
    addresses: ["172.30.1.2", "fd00:1::2", "fe80::42:acff:fe1e:102"],
    guarded: true,
    apart: false,
  });
  const ipv4Only = portPolicy("e", "veth0", { ...addresses, ipv6: undefined }, choices);
  assert.deepEqual(ipv4Only?.addresses, ["172.30.1.2"]);
});

test("a port is guarded, held apart, both, or left alone", () => {
  const policy = (antiSpoofing: boolean, icc: boolean) => {
    const addresses = { mac: "02:42:ac:1e:01:02", ipv4: undefined, ipv6: undefined };
    const { guarded, apart } = portPolicy("e", "veth0", addresses, { antiSpoofing, icc }) ?? {};
    return [guarded, apart];
  };
  assert.deepEqual(policy(true, false), [true, true]);
  assert.deepEqual(policy(false, false), [false, true]);
  assert.deepEqual(policy(false, true), [undefined, undefined]);
});

const binding = (hostAddress: string, containerAddress: string): PortBinding => {
  return { protocol: "tcp", containerPort: 80, hostPort: 8080, hostAddress, containerAddress };
};

test("published ports: everywhere, at one address, opened, or left to the relay", () => {
  const everywhere = binding("0.0.0.0", "172.30.1.2");
  const here = binding("2001:db8::1", "fd00:1::2");
  const routed = binding("fd00:1::2", "fd00:1::2");
  const published = (binding: PortBinding, ...families: (4 | 6)[]) => {
    const [port] = publishedPorts([binding], "br0", new Set(families));
    return port;
  };
  const base = { protocol: "tcp", bridge: "br0", port: 80 };
  assert.deepEqual(published(everywhere), {
    ...base,
    family: 4,
    hostAddress: undefined,
    hostPort: 8080,
    address: "172.30.1.2",
  });
  assert.deepEqual(published(here), {
    ...base,
    family: 6,
    hostAddress: "2001:db8::1",
    hostPort: 8080,
    address: "fd00:1::2",
  });
  assert.deepEqual(published(routed, 6), {
    ...base,
    family: 6,
    hostAddress: undefined,
    hostPort: undefined,
    address: "fd00:1::2",
  });
  for (const relayed of [binding("::1", "fd00:1::2"), binding("::", "172.30.1.2")]) {
    assert.equal(isRelayed(relayed), true);
    assert.equal(published(relayed), undefined);
  }
});
