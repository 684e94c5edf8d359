// What earlier runs left, what could not be taken up, and what of the machine itself is in the way.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { link, NetNamespace } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";
import { inside } from "../support/inside.ts";
import { assertTalking, dualStack, ipv4Only } from "../support/scenes.ts";
import { assertMends, assertWell, codes } from "./support.ts";

test("links, namespaces and files that belong to nothing are swept, and nobody else's", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const { runDir } = host.options;
  const network = await ipv4Only(host, "n", 1);
  const { sandbox } = await host.controller.attach(network, { containerId: "web" });
  const own = host.rtnl.findLinks({ aliasPrefix: "causeway:" })[0]?.alias ?? "";
  const mark = own.slice(0, own.lastIndexOf(":"));
  for (const [name, alias] of [
    ["stale0", `${mark}:${"0".repeat(64)}`],
    ["foreign0", `causeway:another:${"0".repeat(64)}`],
  ] as const) {
    host.rtnl.execute(link.create({ name, info: { kind: "bridge" } }), link.change({ name }, { alias }));
  }
  const path = join(runDir, "netns", "0".repeat(12));
  using namespace = NetNamespace.create();
  namespace.bindAt(path);
  const folder = join(runDir, "sandboxes", "1".repeat(12));
  mkdirSync(folder);
  writeFileSync(join(folder, "hosts"), "");
  const items = await assertMends(host.controller, "link_stale", "namespace_stale", "files_stale");
  assert.ok(items.every(({ nature, subject }) => nature === "stale" && subject.kind === "host"));
  await eventually(() => {
    assert.equal(host.rtnl.findLink({ name: "stale0" }), undefined);
    assert.ok(!existsSync(path));
    assert.ok(!existsSync(folder));
  });
  assert.ok(existsSync(sandbox.netnsPath));
  assert.ok(host.rtnl.findLink({ name: "foreign0" }) !== undefined);
  host.rtnl.execute(link.remove({ name: "foreign0" }));
});

test("a network whose bridge's name was taken at start-up is taken up by a repair", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const network = await dualStack(host, "n", 1, { driverOptions: { bridgeName: "br-test" } });
  const publish = [{ containerPort: 80, hostPort: 8080 }];
  await host.controller.attach(network, { containerId: "a", endpoint: { publish } });
  await host.controller.attach(network, { containerId: "b" });
  await host.stop();
  host.rtnl.execute(
    link.remove({ name: "br-test" }),
    link.create({ name: "br-test", info: { kind: "veth", veth: { peer: { name: "other" } } } }),
  );
  await host.start();
  assert.equal(host.controller.problems.length, 3);
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(codes(items), ["network_not_restored"]);
  assert.deepEqual(items[0]?.subject, { kind: "network", id: network.id, name: "n" });
  const { left } = await host.controller.repair();
  assert.deepEqual(codes(left), ["network_not_restored"]);
  host.rtnl.execute(link.remove({ name: "br-test" }));
  await assertMends(host.controller, "network_not_restored");
  const [a, b] = ["a", "b"].map((id) => host.controller.sandboxByContainerId(id));
  assert.ok(a !== undefined && b !== undefined);
  await eventually(() => assertTalking(a, b));
  assert.equal(a.endpoints()[0]?.record.state.bindings.length, 2);
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
  await assertWell(host.controller);
});

test("a name server of the host's that a network hides", async (t) => {
  const [server] = resolvConfServers();
  if (server === undefined) return t.skip("this machine has no IPv4 name server");
  const host = await TestHost.create(t, { selfHeal: false });
  const subnet = `${server.split(".").slice(0, 3).join(".")}.0/24`;
  const gateway = `${subnet.slice(0, -4)}${server.endsWith(".1") ? 2 : 1}`;
  const network = await host.controller.newNetwork("bridge", "n", {
    ipam: { config: [{ subnet, gateway }] },
  });
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(codes(items), ["name_server_overlap"]);
  assert.deepEqual(items[0]?.subject, { kind: "network", id: network.id, name: "n" });
  // Where it is one of the network's own, it is meant to be.
  await network.createEndpoint("dns", { ipv4: server });
  await assertWell(host.controller);
});

function resolvConfServers(): string[] {
  const text = existsSync("/etc/resolv.conf") ? readFileSync("/etc/resolv.conf", "utf8") : "";
  return [...text.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map(([, server = ""]) => server);
}

test("what cannot be looked at is told of, and the rest is looked at and mended", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const network = await ipv4Only(host, "n", 1);
  const { sandbox } = await host.controller.attach(network, { containerId: "web" });
  const folder = join(host.options.runDir, "sandboxes");
  renameSync(folder, `${folder}.away`);
  writeFileSync(folder, "");
  host.rtnl.execute(link.change({ name: `br-${network.id.slice(0, 12)}` }, { up: false }));
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(codes(items), ["unread", "bridge_down", "file_missing", "file_missing", "file_missing"]);
  assert.match(items[0]?.message ?? "", /what earlier runs left could not be looked at: .*ENOTDIR/);
  const { mended, left } = await host.controller.repair();
  assert.deepEqual(codes(mended), ["bridge_down"]);
  assert.deepEqual(new Set(codes(left)), new Set(["unread", "file_missing"]));
  assert.match(left.at(-1)?.message ?? "", /it could not be mended: cannot make /);
  rmSync(folder);
  await assertMends(host.controller, "file_missing");
  assert.ok(existsSync(sandbox.files.hosts));
  rmSync(`${folder}.away`, { recursive: true });
});

test("a damaged database is told of, and with it works what needs no store", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  await ipv4Only(host, "n", 1);
  const { stateDir } = host.options;
  const path = join(stateDir, "causeway.db");
  await host.restart();
  await assertWell(host.controller);
  const sound = readFileSync(path);
  const broken = Buffer.from(sound);
  broken.fill(0xa5, 4096 + 8, 4096 + 200);
  writeFileSync(path, broken);
  const { items } = await host.controller.inspectHealth();
  assert.deepEqual(
    items.map(({ code, subject }) => [code, subject.kind]),
    [["store_corrupt", "store"]],
  );
  writeFileSync(path, sound);
  await assertWell(host.controller);
});

test("somebody else's link under the name of a host end is told of, and left alone", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const network = await ipv4Only(host, "n", 1);
  const { endpoint, sandbox } = await host.controller.attach(network, { containerId: "a" });
  const { sandbox: other } = await host.controller.attach(network, { containerId: "b" });
  const name = `veth${endpoint.id.slice(0, 11)}`;
  for (const info of [{ kind: "bridge" }, { kind: "veth", veth: { peer: { name: "other" } } }]) {
    host.rtnl.execute(link.remove({ name }), link.create({ name, info }));
    const { left } = await host.controller.repair();
    assert.deepEqual(codes(left), ["interface_missing", "host_end_taken"]);
    assert.ok(host.rtnl.findLink({ name }) !== undefined);
  }
  host.rtnl.execute(link.remove({ name }));
  await assertMends(host.controller, "interface_missing");
  await eventually(() => assertTalking(sandbox, other));
});

test("an interface that cannot be made is tried again, and its endpoint not forgotten", async (t) => {
  const host = await TestHost.create(t, { selfHeal: false });
  const network = await ipv4Only(host, "n", 1);
  const endpoint = await network.createEndpoint("e", { interfaceName: "mine" });
  const sandbox = await host.controller.newSandbox("a");
  await endpoint.join(sandbox);
  const { sandbox: other } = await host.controller.attach(network, { containerId: "b" });
  const peer = { name: "mine2" };
  inside(sandbox, (rtnl) => {
    const { index } = rtnl.query(link.get({ name: "mine" }));
    rtnl.execute(link.change({ index }, { up: false }), link.rename({ index }, "other"));
    rtnl.execute(link.create({ name: "mine", info: { kind: "veth", veth: { peer } } }));
  });
  for (let round = 0; round < 2; round++) {
    const { left } = await host.controller.repair();
    assert.deepEqual(codes(left), ["interface_missing"]);
    assert.match(left[0]?.message ?? "", /could not be mended: the sandbox has an interface "mine"/);
    assert.equal(endpoint.sandbox, sandbox);
    assert.deepEqual(sandbox.endpoints(), [endpoint]);
  }
  inside(sandbox, (rtnl) => rtnl.execute(link.remove({ name: "mine" })));
  await assertMends(host.controller, "interface_missing");
  await eventually(() => assertTalking(sandbox, other));
});
