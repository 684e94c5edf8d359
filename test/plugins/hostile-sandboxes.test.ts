// What a container that rules its network (CAP_NET_ADMIN) does to a plugin's link in its sandbox: the host gets that link back and no other, as it came.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { link, type Rtnl } from "@causeway/kernel";
import { bridgeName, linkName, pluginScene } from "../support/bridge-plugin.ts";
import { inside } from "../support/inside.ts";

const config = [{ subnet: "10.50.0.0/24" }];
const names = (rtnl: Rtnl) =>
  rtnl
    .dump(link.list())
    .map(({ name }) => name)
    .sort();

async function scene(t: TestContext) {
  const made = await pluginScene(t);
  const network = await made.controller.newNetwork("mynet", "n", { ipam: { config } });
  const a = await made.controller.attach(network, { containerId: "a" });
  const source = linkName(a.endpoint.id);
  const peer = made.host.rtnl.query(link.get({ name: `pp${a.endpoint.id.slice(0, 10)}` })).index;
  return { ...made, ...a, network, source, peer };
}

describe("a container that rules its network, and", () => {
  for (const [what, restarted] of [
    ["", false],
    [" while the controller was away", true],
  ] as const)
    it(`gives another interface the name of the plugin's${what}: the plugin has its own back`, async (t) => {
      const { host, plugin, endpoint, sandbox, source, peer } = await scene(t);
      if (restarted) await host.stop();
      inside(sandbox, (rtnl) => {
        const { index } = rtnl.query(link.get({ name: "eth0" }));
        rtnl.execute(link.change({ index }, { up: false }), link.rename({ index }, "mine0"));
        rtnl.execute(link.create({ name: "eth0", info: { kind: "bridge" } }));
      });
      if (restarted) {
        const controller = await host.start();
        const again = controller.networkByName("n")?.endpoints()[0];
        const its = controller.sandboxes()[0];
        assert.ok(again !== undefined && its !== undefined);
        await again.leave(its);
      } else await endpoint.leave(sandbox);
      const back = host.rtnl.query(link.get({ name: source }));
      assert.equal(back.info?.kind, "veth");
      assert.equal(back.parentIndex, peer);
      inside(sandbox, (rtnl) => assert.equal(rtnl.query(link.get({ name: "eth0" })).info?.kind, "bridge"));
      await host.controller.sandboxes()[0]?.delete({ endpoints: "delete" });
      assert.deepEqual(plugin.missed, []);
    });

  for (const [what, replacement] of [
    ["a link of another kind", { kind: "bridge" }],
    ["a pair of its own", { kind: "veth", veth: { peer: { name: "mine1" } } }],
  ] as const)
    it(`puts ${what} in the place of the plugin's, with its name and index: it does not come to the host`, async (t) => {
      const { host, plugin, endpoint, sandbox, source } = await scene(t);
      const before = names(host.rtnl);
      inside(sandbox, (rtnl) => {
        const { index } = rtnl.query(link.get({ name: "eth0" }));
        rtnl.execute(link.remove({ index }));
        rtnl.execute(link.create({ name: "eth0", index, info: replacement }));
      });
      await endpoint.leave(sandbox);
      assert.equal(host.rtnl.findLink({ name: source }), undefined);
      assert.deepEqual(
        names(host.rtnl),
        before.filter((name) => !name.startsWith("pp")),
        "the pair went together",
      );
      assert.equal(inside(sandbox, names).includes("eth0"), true, "it is the container's");
      await endpoint.delete();
      assert.deepEqual(plugin.missed, [source]);
      plugin.missed.length = 0;
    });

  it("marks the plugin's as ours, and gives it the name of a link of the host's: neither comes to the host", async (t) => {
    const { host, controller, network, plugin, endpoint, sandbox, source } = await scene(t);
    const own = await controller.newNetwork("bridge", "own", {
      ipam: { config: [{ subnet: "10.51.0.0/24" }] },
    });
    const b = await controller.attach(own, { containerId: "b" });
    const ours = host.rtnl.dump(link.list()).find(({ alias }) => alias?.includes(b.endpoint.id))?.alias ?? "";
    assert.match(ours, /^causeway:/);
    inside(sandbox, (rtnl) => {
      rtnl.execute(link.change({ name: "eth0" }, { alias: ours }));
      rtnl.execute(link.addAlternativeNames({ name: "eth0" }, ["uplink0", bridgeName("f".repeat(64))]));
    });
    await endpoint.leave(sandbox);
    const back = host.rtnl.query(link.get({ name: source }));
    assert.equal(back.alias, undefined);
    assert.equal(back.alternativeNames, undefined);
    const again = await host.restart();
    assert.notEqual(host.rtnl.findLink({ name: source }), undefined, "nothing of ours has swept it");
    for (const one of again.sandboxes()) await one.delete({ endpoints: "delete" });
    await again.networkByName(network.name)?.endpointByName(endpoint.name)?.delete();
    assert.deepEqual(plugin.missed, []);
  });
});
