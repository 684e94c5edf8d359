// Each kind of damage that another hand does is mended, by itself and soon; with selfHeal off it stays.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Scene } from "./support.ts";

type Hand = (scene: Scene) => void;

const hands: Readonly<Record<string, Hand>> = {
  "the inet table is deleted": (scene) => scene.run("nft delete table inet causeway"),
  "every rule set is flushed": (scene) => scene.run("nft flush ruleset"),
  "an element is deleted": (scene) =>
    scene.run("nft delete element inet causeway published_any4 '{ tcp . 8080 }'"),
  "the bridge is deleted": (scene) => scene.run(`ip link delete ${scene.bridge}`),
  "the bridge is set down": (scene) => scene.run(`ip link set ${scene.bridge} down`),
  "the bridge loses its addresses": (scene) => scene.run(`ip address flush dev ${scene.bridge}`),
  "the bridge's routes are deleted": (scene) =>
    scene.run(
      `ip route delete 172.30.1.0/24 dev ${scene.bridge} && ip route delete fd00:1::/64 dev ${scene.bridge}`,
    ),
  "the host end is deleted": (scene) => scene.run(`ip link delete ${scene.hostEnd}`),
  "the host end is set down": (scene) => scene.run(`ip link set ${scene.hostEnd} down`),
  "the host end is taken off its bridge": (scene) => scene.run(`ip link set ${scene.hostEnd} nomaster`),
  "the container's interface is deleted": (scene) => scene.runInside("ip link delete eth0"),
  "the container's interface is set down": (scene) => scene.runInside("ip link set eth0 down"),
  "the container's address is deleted": (scene) => scene.runInside("ip address flush dev eth0"),
  "the container's way out is deleted": (scene) =>
    scene.runInside("ip route delete default && ip -6 route delete default"),
  "IPv4 forwarding is turned off": (scene) => scene.run("echo 0 > /proc/sys/net/ipv4/ip_forward"),
  "IPv6 forwarding is turned off": (scene) => scene.run("echo 0 > /proc/sys/net/ipv6/conf/all/forwarding"),
};

for (const [what, hand] of Object.entries(hands)) {
  test(`${what}: it is mended by itself`, async (t) => {
    await using scene = await Scene.create(t);
    assert.ok(await scene.works());
    hand(scene);
    await scene.assertHealed();
  });

  test(`${what}: it stays so with selfHeal off`, async (t) => {
    await using scene = await Scene.create(t, { selfHeal: false });
    assert.ok(await scene.works());
    hand(scene);
    // Longer than mending takes.
    await sleep(300);
    assert.ok(!(await scene.works()), "it was no damage");
    assert.deepEqual(scene.told, []);
    await scene.host.controller.repair();
  });
}
