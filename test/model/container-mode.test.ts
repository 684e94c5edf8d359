// Container mode: another container shares a sandbox's stack, which lives until its last user leaves.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";
import { dualStack, ipv4Only, reaches } from "../support/scenes.ts";

test("two containers in one stack", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const { sandbox: owner, endpoint } = await host.controller.attach(network, { containerId: "owner" });
  const sharer = await host.controller.newSandbox("sharer", { shareWith: "owner" });
  assert.equal(sharer.netnsPath, owner.netnsPath);
  assert.equal(sharer.sharedWith, owner);
  assert.deepEqual(sharer.endpoints(), [endpoint]);
  assert.equal(sharer.gateway(4), endpoint);
  assert.deepEqual(sharer.files, owner.files);
  assert.equal(await reaches(sharer, owner, "127.0.0.1"), "127.0.0.1", "one loopback");
  assert.deepEqual([...sharer.statistics().keys()], ["eth0"]);
  assert.notEqual(sharer.id, owner.id);
});

test("the stack outlives its own container, until the last user leaves, also over a restart", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox: owner } = await host.controller.attach(network, { containerId: "owner" });
  const { sandbox: other } = await host.controller.attach(network, { containerId: "other" });
  const path = owner.netnsPath;
  const first = await host.controller.newSandbox("first", { shareWith: owner.id });
  await host.controller.newSandbox("second", { shareWith: "owner" });
  await owner.delete({ endpoints: "delete" });
  assert.equal(await reaches(first, other, "172.30.1.3"), "172.30.1.2");
  await assert.rejects(host.controller.newSandbox("late", { shareWith: "owner" }), {
    code: "container_not_running",
    kind: "conflict",
  });

  await first.delete();
  await host.restart();
  const second = host.controller.sandboxByContainerId("second");
  const target = host.controller.sandboxByContainerId("other");
  assert.ok(second !== undefined && target !== undefined);
  assert.equal(await reaches(second, target, "172.30.1.3"), "172.30.1.2");
  await second.delete({ endpoints: "delete" });
  assert.deepEqual(
    host.controller.sandboxes().map(({ containerId }) => containerId),
    ["other"],
  );
  await eventually(() => assert.equal(existsSync(path), false));
});

test("who shares is not shared with, and cannot be connected to a network", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await ipv4Only(host, "n", 1);
  await controller.newSandbox("owner");
  const sharer = await controller.newSandbox("sharer", { shareWith: "owner" });
  await assert.rejects(controller.newSandbox("third", { shareWith: "sharer" }), {
    code: "sandbox_shared",
    kind: "forbidden",
    message: /"sharer" shares the network of "owner": share there/,
  });
  const endpoint = await network.createEndpoint("e");
  await assert.rejects(endpoint.join(sharer), { code: "sandbox_shared", kind: "forbidden" });
  await assert.rejects(
    controller.attach(network, { containerId: "fourth", sandbox: { shareWith: "owner" } }),
    { code: "sandbox_shared" },
  );
  assert.equal(controller.sandboxByContainerId("fourth"), undefined);
  await assert.rejects(sharer.setKey("/proc/self/ns/net"), { code: "sandbox_shared" });
});

test("the owner goes on when those who shared have gone, and is joined for all", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const owner = await host.controller.newSandbox("owner");
  const sharer = await host.controller.newSandbox("sharer", { shareWith: "owner" });
  const endpoint = await network.createEndpoint("e");
  await endpoint.join(owner);
  const { sandbox: other } = await host.controller.attach(network, { containerId: "other" });
  assert.equal(await reaches(sharer, other, "172.30.1.3"), "172.30.1.2");
  await sharer.delete({ endpoints: "delete" });
  assert.equal(await reaches(owner, other, "172.30.1.3"), "172.30.1.2", "the endpoint is not the sharer's");
  await owner.delete();
  assert.deepEqual(
    network
      .endpoints()
      .map(({ sandbox }) => sandbox?.containerId)
      .sort(),
    ["other", undefined],
  );
});
