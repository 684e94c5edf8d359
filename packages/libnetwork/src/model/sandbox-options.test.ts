import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedControllerOptions } from "./controller-options.ts";
import { checkedSandboxOptions } from "./sandbox-options.ts";

test("sandboxes: defaults, and addresses in canonical form", () => {
  assert.deepEqual(
    checkedSandboxOptions({ dns: ["FD00::1"], extraHosts: [{ name: "db", address: "10.0.0.9" }] }),
    {
      hostname: undefined,
      domainname: undefined,
      extraHosts: [{ name: "db", address: "10.0.0.9" }],
      dns: ["fd00::1"],
      dnsSearch: [],
      dnsOptions: [],
      useHostNetwork: false,
      key: undefined,
      externalKey: false,
      shareWith: undefined,
      labels: {},
    },
  );
});

test("host names are those of RFC 1123, with underscores as people use them", () => {
  for (const hostname of ["web", "web-1.example.org", "my_host", "a".repeat(63), "0"]) {
    assert.equal(checkedSandboxOptions({ hostname }).hostname, hostname);
  }
  for (const hostname of [
    "",
    "-web",
    "web..org",
    "web.",
    "a b",
    "a".repeat(64),
    "größe",
    "a\nb",
    `${"a.".repeat(127)}a`,
  ]) {
    assert.throws(() => checkedSandboxOptions({ hostname }), { code: "invalid_hostname" }, hostname);
  }
});

test("one source of the stack", () => {
  for (const options of [
    { useHostNetwork: true, key: "/x" },
    { externalKey: true, shareWith: "c" },
    { key: "/x", externalKey: true, useHostNetwork: true },
  ]) {
    assert.throws(() => checkedSandboxOptions(options), { code: "contradictory_options" });
  }
  assert.equal(checkedSandboxOptions({ useHostNetwork: false, key: "/x" }).key, "/x");
  for (const key of ["x", "", "/a\0b"]) {
    assert.throws(() => checkedSandboxOptions({ key }), { code: "invalid_path" });
  }
});

test("half of an extra host is refused", () => {
  assert.throws(
    () => checkedSandboxOptions({ extraHosts: [{ name: "db" }] }),
    /extraHosts\[0\]: give a name and/,
  );
});

test("controllers: defaults", () => {
  assert.deepEqual(checkedControllerOptions({ stateDir: "/s", runDir: "/r" }), {
    stateDir: "/s",
    runDir: "/r",
    hostNamespace: undefined,
    drivers: {},
    defaultNetwork: {},
    gatewayNetwork: {},
    firewall: "nftables",
    firewallTable: "causeway",
    defaultAddressPools: [],
    resolver: true,
    resolverCacheBytes: 4 << 20,
    hostGateways: [],
    hostResolvConf: "/etc/resolv.conf",
    warmNamespaces: 4,
    selfHeal: true,
    cluster: undefined,
    plugins: {
      directories: {
        sockets: "/run/docker/plugins",
        specs: ["/etc/docker/plugins", "/usr/lib/docker/plugins"],
      },
      timeout: 60_000,
      patience: 30_000,
    },
  });
  const { defaultNetwork } = checkedControllerOptions({
    stateDir: "/s",
    runDir: "/r",
    defaultNetwork: false,
  });
  assert.equal(defaultNetwork, false);
});

test("nothing that ends a word or a line of resolv.conf", () => {
  const good = { dnsSearch: ["example.org", "."], dnsOptions: ["ndots:2", "use-vc"] };
  assert.deepEqual(checkedSandboxOptions(good).dnsSearch, good.dnsSearch);
  assert.deepEqual(checkedSandboxOptions(good).dnsOptions, good.dnsOptions);
  for (const text of ["a\nnameserver 6.6.6.6", "a b", "", "a\0", "a\u0085b", "x".repeat(254), 7]) {
    for (const option of ["dnsSearch", "dnsOptions"]) {
      const given = { [option]: ["x", text] };
      assert.throws(() => checkedSandboxOptions(given), {
        code: "invalid_option",
        message: new RegExp(`options\\.${option}\\[1\\]`),
      });
    }
  }
  const extraHosts = [{ name: "a\n6.6.6.6 b", address: "10.0.0.1" }];
  assert.throws(() => checkedSandboxOptions({ extraHosts }), { code: "invalid_hostname" });
});

test("name servers may say by which interface of the sandbox they are reached, where they are IPv6 ones", () => {
  const dns = ["FE80::1%eth0", "10.0.0.1", "fe80::2%2"];
  assert.deepEqual(checkedSandboxOptions({ dns }).dns, ["fe80::1%eth0", "10.0.0.1", "fe80::2%2"]);
  const bad = ["10.0.0.1%eth0", "fe80::1%", "fe80::1%a b", "fe80::1%\nnameserver", "fe80::1%eth0%1", "%eth0"];
  for (const text of bad)
    assert.throws(() => checkedSandboxOptions({ dns: [text] }), { code: "invalid_address", message: /dns/ });
});
