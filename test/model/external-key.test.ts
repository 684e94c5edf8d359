// Namespaces that somebody else makes: adopted at once or later, used, and left to their owner.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { link, NetNamespace, unbindNamespace } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";
import { addressesOf, hostsOf, interfacesOf, wayOut } from "../support/inside.ts";
import { assertTalking, dualStack, ipv4Only } from "../support/scenes.ts";

/** A namespace under a path, as a container runtime makes it. */
class Elsewhere implements Disposable {
  readonly path: string;

  constructor(host: TestHost) {
    using namespace = NetNamespace.create();
    this.path = join(host.directory, "elsewhere");
    namespace.bindAt(this.path);
  }

  [Symbol.dispose](): void {
    unbindNamespace(this.path);
  }
}

test("endpoints join before there is a namespace, and after", async (t) => {
  const host = await TestHost.create(t);
  using elsewhere = new Elsewhere(host);
  const [one, two] = [await dualStack(host, "one", 1), await ipv4Only(host, "two", 2)];
  const sandbox = await host.controller.newSandbox("c", { externalKey: true, hostname: "web" });
  const before = await one.createEndpoint("before");
  await before.join(sandbox);
  assert.equal(before.sandbox, sandbox);
  assert.equal(before.info().interfaceName, undefined);
  assert.equal(sandbox.key, undefined);
  assert.match(
    hostsOf(sandbox),
    /^172\.30\.1\.2\tweb$/m,
    "the runtime mounts the files before it has a namespace",
  );
  assert.throws(() => sandbox.netnsPath, { code: "sandbox_without_key", kind: "conflict" });
  assert.throws(() => sandbox.spawn("true"), { code: "sandbox_without_key" });

  await sandbox.setKey(elsewhere.path);
  assert.equal(sandbox.netnsPath, elsewhere.path);
  const after = await two.createEndpoint("after");
  await after.join(sandbox);
  assert.deepEqual(interfacesOf(sandbox), ["eth0", "eth1"]);
  assert.equal(before.info().interfaceName, "eth0");
  assert.equal(wayOut(sandbox, 4), "172.30.1.1 by eth0");
  const { sandbox: other } = await host.controller.attach(one, { containerId: "other" });
  await assertTalking(sandbox, other);

  await sandbox.delete({ endpoints: "delete" });
  assert.ok(existsSync(elsewhere.path), "it is not ours to let go of");
});

test("a sandbox waits for its namespace over a restart", async (t) => {
  const host = await TestHost.create(t);
  using elsewhere = new Elsewhere(host);
  const network = await dualStack(host, "n", 1);
  const sandbox = await host.controller.newSandbox("c", { externalKey: true });
  const endpoint = await network.createEndpoint("e");
  await endpoint.join(sandbox);
  await host.restart();
  const again = host.controller.sandboxByContainerId("c");
  assert.ok(again !== undefined);
  await again.setKey(elsewhere.path);
  assert.deepEqual(addressesOf(again, "eth0"), ["172.30.1.2/24", "fd00:1::2/64"]);
  await again.delete();
  await eventually(() => assert.deepEqual(host.rtnl.findLinks({ kind: "veth" }), []));
});

test("a namespace made elsewhere is adopted when the sandbox is made", async (t) => {
  const host = await TestHost.create(t);
  using elsewhere = new Elsewhere(host);
  const network = await dualStack(host, "n", 1);
  const { sandbox, endpoint } = await host.controller.attach(network, {
    containerId: "c",
    sandbox: { key: elsewhere.path },
  });
  const { sandbox: other } = await host.controller.attach(network, { containerId: "other" });
  await assertTalking(sandbox, other);
  await host.restart();
  const again = host.controller.sandboxByContainerId("c");
  assert.equal(again?.netnsPath, elsewhere.path);
  assert.equal(again?.endpoints()[0]?.id, endpoint.id);
  await again?.delete();
  assert.ok(existsSync(elsewhere.path));
});

test("a key that cannot be had leaves the sandbox waiting, and another can follow", async (t) => {
  const host = await TestHost.create(t);
  using elsewhere = new Elsewhere(host);
  const network = await dualStack(host, "n", 1);
  const sandbox = await host.controller.newSandbox("c", { externalKey: true });
  const good = await network.createEndpoint("good");
  const bad = await network.createEndpoint("bad", { sysctls: { "net.ipv4.conf.IFNAME.nonsense": "1" } });
  await good.join(sandbox);
  await bad.join(sandbox);
  await assert.rejects(sandbox.setKey("/nowhere"), { code: "namespace_not_found" });
  await assert.rejects(sandbox.setKey(elsewhere.path), { code: "invalid_sysctl" });
  assert.equal(sandbox.key, undefined);
  assert.deepEqual(sandbox.endpoints(), [good, bad]);
  assert.equal(good.info().interfaceName, undefined);
  await eventually(() => assert.deepEqual(host.rtnl.findLinks({ kind: "veth" }), []));
  await bad.delete({ force: true });
  await sandbox.setKey(elsewhere.path);
  assert.deepEqual(interfacesOf(sandbox), ["eth0"]);
  const { sandbox: other } = await host.controller.attach(network, { containerId: "other" });
  await assertTalking(sandbox, other);
});

test("a bridge that is made anew meanwhile is the one that the sandbox comes to", async (t) => {
  const host = await TestHost.create(t);
  using elsewhere = new Elsewhere(host);
  const network = await dualStack(host, "n", 1, { driverOptions: { bridgeName: "br-test" } });
  const sandbox = await host.controller.newSandbox("c", { externalKey: true });
  await (await network.createEndpoint("e")).join(sandbox);
  const { sandbox: other } = await host.controller.attach(network, { containerId: "other" });
  host.rtnl.execute(link.remove({ name: "br-test" }));
  assert.deepEqual((await host.controller.repair()).left, []);
  await sandbox.setKey(elsewhere.path);
  await eventually(() => assertTalking(sandbox, other));
  assert.deepEqual((await host.controller.inspectHealth()).items, []);
});
