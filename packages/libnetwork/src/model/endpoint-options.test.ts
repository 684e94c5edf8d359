import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedEndpointOptions } from "./endpoint-options.ts";

test("defaults", () => {
  assert.deepEqual(checkedEndpointOptions({}), {
    ipv4: undefined,
    ipv6: undefined,
    mac: undefined,
    publish: [],
    exposedPorts: [],
    aliases: [],
    links: {},
    namedPorts: [],
    service: undefined,
    disableResolution: false,
    gatewayPriority: 0,
    interfaceName: undefined,
    sysctls: {},
    staticRoutes: [],
    disableIpv6: false,
    labels: {},
    driverOptions: {},
  });
});

test("everything in canonical form", () => {
  const { ipv6, mac, sysctls, staticRoutes, publish } = checkedEndpointOptions({
    ipv6: "FD00::0:2",
    mac: "02-42-AC-1E-00-02",
    sysctls: { "net.ipv4.conf.IFNAME.log_martians": 1, "net.ipv6.neigh.IFNAME.mcast_solicit": "3" },
    staticRoutes: [{ destination: "10.9.1.7/16", nextHop: "172.30.0.9" }, { destination: "fd99::/48" }],
    publish: [{ containerPort: 80, hostPort: 8080, hostAddress: "::FFFF" }],
  });
  assert.equal(ipv6, "fd00::2");
  assert.equal(mac, "02:42:ac:1e:00:02");
  assert.deepEqual(sysctls, { "ipv4/conf/IFNAME/log_martians": "1", "ipv6/neigh/IFNAME/mcast_solicit": "3" });
  assert.deepEqual(staticRoutes, [
    { destination: "10.9.0.0/16", nextHop: "172.30.0.9" },
    { destination: "fd99::/48", nextHop: undefined },
  ]);
  assert.equal(publish[0]?.hostAddress, "::ffff");
});

for (const key of [
  "net.ipv4.conf.all.forwarding",
  "net.ipv4.conf.IFNAME.x/../../y",
  "net.ipv4.conf.IFNAME",
  "net.ipv4.route.IFNAME.x",
  "net.core.conf.IFNAME.x",
  "kernel.hostname",
  "net/ipv4/conf/IFNAME/log_martians",
]) {
  test(`refuses the sysctl ${key}`, () => {
    assert.throws(() => checkedEndpointOptions({ sysctls: { [key]: "1" } }), {
      code: "invalid_sysctl",
      detail: key,
    });
  });
}

for (const value of ["yes", "", "1\n2", "1;2", -1, {}, "1".repeat(65)]) {
  test(`refuses the value ${JSON.stringify(value).slice(0, 10)} of a sysctl`, () => {
    const sysctls = { "net.ipv4.conf.IFNAME.log_martians": value };
    assert.throws(() => checkedEndpointOptions({ sysctls }), { code: "invalid_sysctl" });
  });
}

test("refuses routes that lead nowhere or mix families", () => {
  assert.throws(() => checkedEndpointOptions({ staticRoutes: [{ nextHop: "10.0.0.1" }] }), {
    code: "invalid_option",
    message: /staticRoutes\[0\]: destination is missing: say/,
  });
  const mixed = { destination: "10.0.0.0/8", nextHop: "fd00::1" };
  assert.throws(() => checkedEndpointOptions({ staticRoutes: [mixed] }), { code: "invalid_route" });
});

test("aliases are host names, and all below one", () => {
  const aliases = ["db", "db.example", "*.org"];
  assert.deepEqual(checkedEndpointOptions({ aliases }).aliases, aliases);
  for (const alias of ["a\n6.6.6.6 b", "a b", "*", "", "*.", "a.*", "*.*.org", "**.org"]) {
    assert.throws(() => checkedEndpointOptions({ aliases: [alias] }), { code: "invalid_hostname" });
  }
});
