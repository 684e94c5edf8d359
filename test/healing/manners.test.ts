// Healing is in nobody's way: not in that of who insists, nor of our own operations, nor of a container that knows better.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { link, unbindNamespace } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";
import { wayOut } from "../support/inside.ts";
import { dualStack } from "../support/scenes.ts";
import { Scene } from "./support.ts";

const countOf = (scene: Scene, type: string) => scene.told.filter((event) => event.type === type).length;

test("who damages the same thing again and again has his way after six mends, until somebody repairs it", async (t) => {
  await using scene = await Scene.create(t);
  const { rtnl } = scene.host;
  const fight = async (end: () => boolean) => {
    while (!end()) {
      rtnl.execute(
        link.change({ name: scene.hostEnd }, { up: true }),
        link.change({ name: scene.hostEnd }, { up: false }),
      );
      await sleep(20);
    }
  };
  await fight(() => countOf(scene, "health:gave-up") > 0);
  // The hand goes on, and nothing more is said or done.
  let rounds = 0;
  await fight(() => ++rounds > 50);
  const counts = ["noticed", "gave-up"].map((type) => countOf(scene, `health:${type}`));
  assert.deepEqual(counts, [6, 1]);
  // The hand may have been there again before a mend was over.
  const mended = countOf(scene, "health:mended");
  assert.ok(mended > 0 && mended <= 6, `${mended}`);
  const gaveUp = scene.told.find(({ type }) => type === "health:gave-up");
  assert.deepEqual(
    [gaveUp?.id, gaveUp?.attributes.subject, gaveUp?.attributes.codes],
    [scene.endpoint.id, "endpoint", "host_end_down"],
  );
  assert.ok(!(await scene.works()));

  assert.deepEqual((await scene.host.controller.repair()).left, []);
  await eventually(async () => assert.ok(await scene.works()));
  rtnl.execute(link.change({ name: scene.hostEnd }, { up: false }));
  await eventually(() => assert.equal(countOf(scene, "health:mended"), mended + 1));
  await eventually(async () => assert.ok(await scene.works()));
});

test("none of our own operations is taken for somebody else's hand", async (t) => {
  const host = await TestHost.create(t, { warmNamespaces: 4 });
  const { controller } = host;
  const told: string[] = [];
  const stop = new AbortController();
  const listening = (async () => {
    for await (const { type, attributes } of controller.events(stop.signal)) {
      if (type.startsWith("health:")) told.push(`${type} ${JSON.stringify(attributes)}`);
    }
  })();
  const round = async (number: number) => {
    const network = await dualStack(host, `n${number}`, number);
    const second = await dualStack(host, `m${number}`, 100 + number);
    for (let i = 0; i < 25; i++) {
      const containerId = `c${number}-${i}`;
      const { endpoint, sandbox } = await controller.attach(network, { containerId });
      const more = await second.createEndpoint(containerId, { publish: [{ containerPort: 80 }] });
      await more.join(sandbox);
      if (i % 3 === 0) await more.leave(sandbox);
      if (i % 5 === 0) await sandbox.refresh();
      if (i % 7 === 0) await endpoint.publish([{ containerPort: 90 }]);
      if (i % 2 === 0) await sandbox.delete({ endpoints: "delete" });
    }
    for (const sandbox of controller.sandboxes()) {
      if (sandbox.containerId.startsWith(`c${number}-`)) await sandbox.delete({ endpoints: "delete" });
    }
    for (const one of [network, second]) {
      for (const endpoint of one.endpoints()) await endpoint.delete({ force: true });
      await one.delete();
    }
  };
  await Promise.all([round(1), round(2), round(3), round(4)]);
  // What was heard of the last of it has been looked at when a hand that comes after it is mended.
  const last = await dualStack(host, "last", 9);
  const name = `br-${last.id.slice(0, 12)}`;
  host.rtnl.execute(link.change({ name }, { up: false }));
  await eventually(() => assert.ok(told.some((text) => text.startsWith("health:mended"))));
  stop.abort();
  await listening;
  assert.deepEqual(
    told.filter((text) => !text.includes("bridge_down")),
    [],
  );
  assert.equal(told.length, 2, told.join("\n"));
});

test("another way out that a container chose is left to it", async (t) => {
  await using scene = await Scene.create(t);
  const neighbour = scene.other.endpoints()[0]?.ipv4?.split("/")[0];
  scene.runInside(`ip route replace default via ${neighbour}`);
  scene.runInside(`ip route delete default && ip route add default via ${neighbour}`);
  // A hand that comes later is mended, so the earlier was looked at.
  scene.runInside("ip -6 route delete default");
  await eventually(() => assert.ok(countOf(scene, "health:mended") > 0));
  assert.equal(wayOut(scene.sandbox, 4), `${neighbour} by eth0`);
  assert.notEqual(wayOut(scene.sandbox, 6), undefined);
});

test("a namespace that is gone is told of once, for it cannot be mended", async (t) => {
  await using scene = await Scene.create(t);
  const { netnsPath } = scene.other;
  unbindNamespace(netnsPath);
  // The kernel takes the links away in its own time.
  const [end] = scene.other.endpoints();
  const gone = () => scene.host.rtnl.findLink({ name: `veth${end?.id.slice(0, 11)}` }) === undefined;
  await eventually(() => assert.ok(gone() && countOf(scene, "health:noticed") > 0));
  // A hand that comes later is mended, so what was heard of it has been looked at.
  scene.host.rtnl.execute(link.change({ name: scene.bridge }, { up: false }));
  await eventually(() => assert.equal(countOf(scene, "health:mended"), 1));
  assert.deepEqual(
    scene.told.map(({ type, id, attributes }) => [type, id, attributes.codes]),
    [
      ["health:noticed", scene.other.id, "sandbox_lost"],
      ["health:noticed", scene.network.id, "bridge_down"],
      ["health:mended", scene.network.id, "bridge_down"],
    ],
  );
  assert.ok(!existsSync(netnsPath));
});

test("a bridge that was there before the network gets back what is ours of it", async (t) => {
  const host = await TestHost.create(t);
  host.rtnl.execute(link.create({ name: "theirs", info: { kind: "bridge" } }));
  const network = await host.controller.newNetwork("bridge", "n", {
    driverOptions: { bridgeName: "theirs" },
    ipam: { config: [{ subnet: "172.30.1.0/24" }] },
  });
  const events = host.controller.events();
  host.rtnl.execute(link.change({ name: "theirs" }, { up: false }));
  const types: string[] = [];
  for await (const { type, id } of events) {
    if (type.startsWith("health:")) types.push(`${type} ${id}`);
    if (type === "health:mended") break;
  }
  assert.deepEqual(types, [`health:noticed ${network.id}`, `health:mended ${network.id}`]);
  await network.delete();
  host.rtnl.execute(link.remove({ name: "theirs" }));
});
