// An open that fails leaves the kernel as it was.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { link, NetNamespace, NftContext, unbindNamespace } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { TestHost } from "../support/host.ts";
import { assertSameState, kernelState } from "../support/kernel-state.ts";
import { ipv4Only } from "../support/scenes.ts";

test("a controller whose default bridge is another's leaves no tables, and keeps those that it had", async (t) => {
  const host = await TestHost.create(t, { defaultNetwork: {} });
  const before = kernelState(host.namespace);
  const options = {
    ...host.options,
    stateDir: join(host.directory, "other-state"),
    runDir: join(host.directory, "other-run"),
    firewallTable: "other",
  };
  const refusal = { code: "bridge_in_use" };
  await assert.rejects(NetworkController.open(options), refusal);
  assertSameState(kernelState(host.namespace), before, "the failed open left something");

  const subnet = { ipam: { config: [{ subnet: "172.30.9.0/24" }] } };
  await using other = await NetworkController.open({ ...options, defaultNetwork: false });
  const network = await other.newNetwork("bridge", "theirs", subnet);
  await other.close();
  const standing = kernelState(host.namespace);
  await assert.rejects(NetworkController.open(options), refusal);
  assertSameState(kernelState(host.namespace), standing, "the failed open changed something");
  await using again = await NetworkController.open({ ...options, defaultNetwork: false });
  await again.networkById(network.id)?.delete();
  await again.uninstall();
});

test("an operator's rule that jumps to a chain of any name does not keep a controller from opening", async (t) => {
  const host = await TestHost.create(t);
  await ipv4Only(host, "n", 1);
  using nft = new NftContext(host.namespace);
  const added = ["add chain inet causeway mine", "add rule inet causeway user iifname @bridges jump mine"];
  nft.run(added.join("\n"));
  await host.restart();
  assert.match(nft.run("list chain inet causeway user"), /@bridges jump mine/);
  nft.run("flush chain inet causeway user\ndelete chain inet causeway mine");
});

test("the link of a setKey that was killed before its record was written is no obstacle to the next", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const sandbox = await host.controller.newSandbox("c", { externalKey: true });
  const endpoint = await network.createEndpoint("e");
  await endpoint.join(sandbox);
  const { record } = endpoint;
  const hostEnd = `veth${record.id.slice(0, 11)}`;
  await host.stop();
  // As a killed run leaves it: the pair is there, and the store knows nothing of it.
  const peer = { name: "left-over" };
  const owner = host.rtnl.findLinks({ kind: "bridge" })[0]?.alias?.split(":")[1] ?? assert.fail();
  host.rtnl.execute(
    link.create({ name: hostEnd, info: { kind: "veth", veth: { peer } } }),
    link.change({ name: hostEnd }, { alias: `causeway:${owner}:${record.id}` }),
  );
  const controller = await host.start();
  assert.deepEqual(controller.problems, []);
  using made = NetNamespace.create();
  const path = join(host.directory, "key");
  made.bindAt(path);
  await controller.sandboxByContainerId("c")?.setKey(path);
  assert.equal(controller.sandboxByContainerId("c")?.endpoints()[0]?.info().interfaceName, "eth0");
  await controller.sandboxDestroy("c");
  unbindNamespace(path);
});
