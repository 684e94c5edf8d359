// The host and the null network: one each, there from the start, without interface and address.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { link, NetNamespace, unbindNamespace } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { namespaceOf, TestHost } from "../support/host.ts";
import { inside, interfacesOf } from "../support/inside.ts";
import { leftovers } from "../support/leak-check.ts";
import { ipv4Only } from "../support/scenes.ts";

test("a sandbox of the host network sees the host's own interfaces", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = controller.networkByName("host");
  assert.ok(network?.predefined === true && network.type === "host");
  const sandbox = await controller.newSandbox("c", { useHostNetwork: true });
  const endpoint = await network.createEndpoint("e");
  await endpoint.join(sandbox);
  const { mac: _, ...info } = endpoint.info();
  assert.deepEqual(info, {
    ipv4: undefined,
    ipv6: undefined,
    interfaceName: undefined,
    gatewayIpv4: undefined,
    gatewayIpv6: undefined,
    staticRoutes: [],
    sandbox,
  });
  using namespace = namespaceOf(sandbox);
  assert.equal(namespace.identity, host.namespace.identity);
  const { sandbox: second } = await controller.attach(network, {
    containerId: "second",
    sandbox: { useHostNetwork: true },
  });
  assert.equal(second.netnsPath, sandbox.netnsPath);

  await host.restart();
  const again = host.controller.sandboxByContainerId("c");
  assert.equal(again?.endpoints()[0]?.name, "e");
  await again?.delete({ endpoints: "delete" });
  assert.equal(host.rtnl.findLink({ name: "lo" })?.name, "lo", "the host is still there");
});

test("a sandbox of the host network is of the host that the controller was opened on again", async () => {
  // As after a reboot: another namespace is the host's.
  const directory = mkdtempSync("/dev/shm/causeway-");
  using kept = new DisposableStack();
  kept.defer(() => {
    const mounts = leftovers(directory).flatMap((line) => line.match(/^mount (.*)/)?.[1] ?? []);
    for (const path of mounts) unbindNamespace(path);
    rmSync(directory, { recursive: true });
  });
  for (const name of ["first", "second"]) {
    const namespace = kept.use(NetNamespace.create());
    const path = join(directory, name);
    namespace.bindAt(path);
    const controller = await NetworkController.open({
      hostNamespace: path,
      stateDir: join(directory, "state"),
      runDir: join(directory, "run"),
      defaultNetwork: false,
      warmNamespaces: 0,
    });
    try {
      const sandbox =
        name === "first"
          ? await controller.newSandbox("c", { useHostNetwork: true })
          : controller.sandboxByContainerId("c");
      assert.ok(sandbox !== undefined);
      using its = namespaceOf(sandbox);
      assert.equal(its.identity, namespace.identity, name);
      if (name === "second") await sandbox.delete();
    } finally {
      await controller.close();
    }
  }
});

test("a sandbox of the null network has its loopback", async (t) => {
  const host = await TestHost.create(t);
  const network = host.controller.networkByName("none");
  assert.ok(network?.predefined === true && network.type === "null");
  const { sandbox } = await host.controller.attach(network, { containerId: "c" });
  assert.deepEqual(interfacesOf(sandbox), []);
  inside(sandbox, (rtnl) => assert.ok(link.isUp(rtnl.query(link.get({ name: "lo" })))));
});

test("the host's stack joins no other network, and no other stack the host network", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const [hostNetwork, none] = ["host", "none"].map((name) => controller.networkByName(name));
  const bridge = await ipv4Only(host, "n", 1);
  const useHostNetwork = { sandbox: { useHostNetwork: true } };
  for (const network of [bridge, none]) {
    assert.ok(network !== undefined);
    await assert.rejects(controller.attach(network, useHostNetwork), { code: "sandbox_of_host" });
  }
  assert.ok(hostNetwork !== undefined);
  await assert.rejects(controller.attach(hostNetwork), { code: "sandbox_of_host", kind: "forbidden" });
  assert.deepEqual(controller.sandboxes(), []);
});

test("there is one of each, and it stays", async (t) => {
  const host = await TestHost.create(t);
  const before = ["host", "none"].map((name) => host.controller.networkByName(name)?.id);
  for (const type of ["host", "null"]) {
    await assert.rejects(host.controller.newNetwork(type, "another"), { code: "driver_singleton" });
  }
  for (const network of host.controller.networks()) {
    await assert.rejects(network.delete(), { code: "network_predefined", kind: "forbidden" });
  }
  await host.restart();
  assert.deepEqual(
    ["host", "none"].map((name) => host.controller.networkByName(name)?.id),
    before,
  );
  assert.equal(host.controller.networks().length, 2);
});
