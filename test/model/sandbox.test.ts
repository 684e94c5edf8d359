// What a sandbox does besides being joined: processes, counters, files, refresh, rename.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { TestHost } from "../support/host.ts";
import { addressesOf, hostsOf, interfacesOf, sysctlOf, wayOut } from "../support/inside.ts";
import { assertTalking, dualStack, ipv4Only, reaches } from "../support/scenes.ts";

test("a process that is spawned sees the sandbox's network and nothing else of it", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const { sandbox } = await host.controller.attach(network);
  const child = sandbox.spawn("cat", ["/proc/self/net/dev"], { stdio: ["ignore", "pipe", "inherit"] });
  assert.ok(child.stdout !== null);
  const [output] = await Promise.all([text(child.stdout), once(child, "close")]);
  const names = [...output.matchAll(/^\s*(\S+):/gm)].map(([, name]) => name);
  assert.deepEqual(names, ["lo", "eth0"]);
  assert.equal(child.exitCode, 0);
  const failing = sandbox.spawn("sh", ["-c", "exit 3"]);
  await once(failing, "close");
  assert.equal(failing.exitCode, 3);
  const missing = sandbox.spawn("no-such-program");
  const [error] = await once(missing, "error");
  assert.equal(error.code, "ENOENT");
});

test("counters move with the traffic, by interface", async (t) => {
  const host = await TestHost.create(t);
  const [one, two] = [await ipv4Only(host, "one", 1), await ipv4Only(host, "two", 2)];
  const { sandbox } = await host.controller.attach(one, { containerId: "a" });
  const second = await two.createEndpoint("a");
  await second.join(sandbox);
  const { sandbox: other } = await host.controller.attach(one, { containerId: "b" });
  const before = sandbox.statistics();
  assert.deepEqual([...before.keys()], ["eth0", "eth1"]);
  await reaches(sandbox, other, "172.30.1.3");
  const after = sandbox.statistics();
  const [was, is] = [before.get("eth0"), after.get("eth0")];
  assert.ok(was !== undefined && is !== undefined);
  for (const counter of ["rxPackets", "rxBytes", "txPackets", "txBytes"] as const) {
    assert.ok(is[counter] > was[counter], `${counter} went from ${was[counter]} to ${is[counter]}`);
  }
  for (const counter of ["rxErrors", "txErrors", "rxDropped", "txDropped"] as const) {
    assert.equal(is[counter], 0n, counter);
  }
  const growth = (name: string) => (after.get(name)?.rxBytes ?? 0n) - (before.get(name)?.rxBytes ?? 0n);
  // Some multicast may come by eth1, but not the connection.
  assert.ok(growth("eth1") < growth("eth0"), `${growth("eth1")} and ${growth("eth0")} bytes`);
});

test("a sandbox is prepared: loopback is up, nothing is forwarded, no advertisement is believed", async (t) => {
  const host = await TestHost.create(t);
  const { sandbox } = await host.controller.attach(await dualStack(host, "n", 1));
  assert.equal(await reaches(sandbox, sandbox, "127.0.0.1"), "127.0.0.1");
  assert.equal(await reaches(sandbox, sandbox, "::1"), "::1");
  for (const key of ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/eth0/accept_ra"]) {
    assert.equal(sysctlOf(sandbox, key), "0", key);
  }
});

test("hosts, hostname and resolv.conf say what was asked for, and follow the endpoints in place", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox, endpoint } = await host.controller.attach(network, {
    containerId: "c",
    sandbox: {
      hostname: "web",
      domainname: "example.org",
      extraHosts: [{ name: "db", address: "10.0.0.9" }],
      dns: ["192.0.2.53"],
      dnsSearch: ["example.org"],
      dnsOptions: ["ndots:2"],
    },
  });
  const { hosts, hostname, resolvConf } = sandbox.files;
  assert.match(hostsOf(sandbox), /^172\.30\.1\.2\tweb\.example\.org web$/m);
  assert.match(hostsOf(sandbox), /^fd00:1::2\tweb\.example\.org web$/m);
  assert.match(hostsOf(sandbox), /^10\.0\.0\.9\tdb$/m);
  assert.equal(readFileSync(hostname, "utf8"), "web\n");
  assert.match(readFileSync(resolvConf, "utf8"), /nameserver 127\.0\.0\.11[\s\S]*search example\.org/);
  const { ino } = statSync(hosts);
  await endpoint.leave(sandbox);
  assert.doesNotMatch(hostsOf(sandbox), /172\.30\.1\.2|fd00:1::2/);
  assert.match(hostsOf(sandbox), /db/);
  assert.equal(statSync(hosts).ino, ino, "it may be mounted somewhere");
  // In no network it asks its servers itself.
  assert.match(readFileSync(resolvConf, "utf8"), /nameserver 192\.0\.2\.53[\s\S]*search example\.org/);
});

test("refresh builds the stack anew, in the same order, with other options", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const [one, two] = [await dualStack(host, "one", 1), await ipv4Only(host, "two", 2)];
  const { sandbox } = await controller.attach(one, { containerId: "c", sandbox: { hostname: "old" } });
  const second = await two.createEndpoint("second");
  await second.join(sandbox);
  const { sandbox: other } = await controller.attach(one, { containerId: "other" });
  await sandbox.refresh({ hostname: "new", labels: { a: "b" } });
  assert.deepEqual(interfacesOf(sandbox), ["eth0", "eth1"]);
  assert.deepEqual(addressesOf(sandbox, "eth1"), ["172.30.2.2/24"]);
  assert.equal(wayOut(sandbox, 4), "172.30.1.1 by eth0");
  await assertTalking(sandbox, other);
  assert.match(hostsOf(sandbox), /^172\.30\.1\.2\tnew$/m);
  assert.deepEqual(sandbox.labels, { a: "b" });
  await host.restart();
  assert.deepEqual(host.controller.sandboxByContainerId("c")?.labels, { a: "b" });
  await assert.rejects(sandbox.refresh(), { code: "controller_closed" });
});

test("a renamed container is found by its new id, also after a restart, and its old one is free", async (t) => {
  const host = await TestHost.create(t);
  const sandbox = await host.controller.newSandbox("old");
  await sandbox.rename("new");
  assert.equal(sandbox.containerId, "new");
  assert.equal(host.controller.sandboxByContainerId("old"), undefined);
  await host.controller.newSandbox("old");
  await host.restart();
  assert.equal(host.controller.sandboxByContainerId("new")?.id, sandbox.id);
});
