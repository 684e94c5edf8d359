// Networks that only hold options, and networks that are made from them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { link } from "@causeway/kernel";
import { TestHost } from "../support/host.ts";
import { assertTalking } from "../support/scenes.ts";

test("a network takes the options of a config-only one, and is a network of its own", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const config = await controller.newNetwork("bridge", "template", {
    configOnly: true,
    ipam: { config: [{ subnet: "172.30.1.0/24" }, { subnet: "fd00:1::/64" }] },
    driverOptions: { mtu: 1400, icc: true },
    labels: { from: "template", tier: "back" },
  });
  assert.equal(config.configOnly, true);
  assert.deepEqual(config.ipamInfo, []);
  assert.deepEqual(host.rtnl.findLinks({ kind: "bridge" }), [], "nothing is made of it");

  const network = await controller.newNetwork("bridge", "n", {
    configFrom: "template",
    labels: { tier: "front" },
  });
  assert.equal(network.configFrom, "template");
  assert.equal(network.configOnly, false);
  assert.deepEqual(network.labels, { from: "template", tier: "front" });
  assert.deepEqual(
    network.ipamInfo.map(({ pool }) => pool),
    ["172.30.1.0/24", "fd00:1::/64"],
  );
  const bridge = host.rtnl.query(link.get({ name: `br-${network.id.slice(0, 12)}` }));
  assert.equal(bridge.mtu, 1400);
  const [a, b] = await Promise.all(
    ["a", "b"].map((containerId) => controller.attach(network, { containerId })),
  );
  assert.ok(a !== undefined && b !== undefined);
  await assertTalking(a.sandbox, b.sandbox);

  await host.restart();
  assert.equal(host.controller.networkByName("template")?.configOnly, true);
  await assert.rejects(async () => host.controller.networkByName("template")?.delete(), {
    code: "network_in_use_as_config",
    kind: "forbidden",
  });
});

test("nothing can be made in a config-only network, nor from another one", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const config = await controller.newNetwork("bridge", "template", { configOnly: true });
  await controller.newNetwork("bridge", "plain");
  await assert.rejects(config.createEndpoint("e"), { code: "network_config_only", kind: "forbidden" });
  await assert.rejects(controller.attach(config), { code: "network_config_only" });
  for (const configFrom of ["plain", "nothing"]) {
    await assert.rejects(controller.newNetwork("bridge", "n", { configFrom }), {
      code: "config_network_not_found",
      kind: "not_found",
    });
  }
  await config.delete();
  assert.equal(controller.networkByName("template"), undefined);
});
