// A controller that is killed while a plugin does something for it: the next one has that taken back, and moves links back to the host.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { soundIpam } from "../../packages/plugin-sdk/src/check/sound-test-support.ts";
import { linkName, pluginScene } from "../support/bridge-plugin.ts";
import { eventually } from "../support/eventually.ts";
import { interfacesOf } from "../support/inside.ts";

/** A run of its own, killed as soon as the plugin is asked for `method`, before it answers. */
async function killedAt(t: TestContext, method: string, what: string) {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let holding: string | undefined;
  const scene = await pluginScene(t, {
    ipam: soundIpam({ replays: false, mac: false }),
    holds: () => holding,
  });
  const { host, plugin } = scene;
  const network = await host.controller.newNetwork("mynet", "n", {
    ipam: { config: [{ subnet: "10.50.0.0/24" }] },
  });
  const a = await host.controller.attach(network, { containerId: "a" });
  await host.stop();
  plugin.calls();
  holding = method;
  plugin.onHeld = resolve;
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "killed-child.ts"), JSON.stringify(host.options), what],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const ended = once(child, "exit");
  await Promise.race([asked, ended.then(() => Promise.reject(new Error("it ended before it was asked")))]);
  child.kill("SIGKILL");
  await ended;
  holding = undefined;
  const before = plugin.calls();
  return { ...scene, network, a, before };
}

describe("a run that is killed", () => {
  for (const method of ["createEndpoint", "join", "programExternalConnectivity"]) {
    it(`in ${method}: the endpoint is taken back, with its link and address`, async (t) => {
      const { host, plugin, before } = await killedAt(t, method, "attach");
      assert.equal(before.at(-1), method);
      const controller = await host.start();
      const taken = method === "createEndpoint" ? ["deleteEndpoint"] : ["leave", "deleteEndpoint"];
      const calls: string[] = [];
      await eventually(() => {
        calls.push(...plugin.calls());
        assert.deepEqual(calls, taken);
      });
      assert.deepEqual(plugin.missed, [], "its link was on the host");
      const network = controller.networkByName("n");
      assert.ok(network !== undefined);
      assert.deepEqual(
        network.endpoints().map(({ name }) => name),
        ["a"],
      );
      const again = await controller.attach(network, { containerId: "c" });
      assert.equal(again.endpoint.ipv4, "10.50.0.3/24");
      assert.deepEqual(interfacesOf(again.sandbox), ["eth0"]);
    });
  }

  for (const method of ["leave", "deleteEndpoint"]) {
    it(`in ${method}: what was left is finished`, async (t) => {
      const { host, plugin, a } = await killedAt(t, method, "leave");
      const name = linkName(a.endpoint.id);
      const controller = await host.start();
      assert.equal(controller.sandboxByContainerId("a"), undefined);
      await eventually(() => assert.equal(plugin.calls().at(-1), "deleteEndpoint"));
      await eventually(() => assert.equal(host.rtnl.findLink({ name }), undefined));
      // What it had done, and not yet answered, it is asked for once more.
      assert.deepEqual(plugin.missed, method === "deleteEndpoint" ? [name] : []);
    });
  }

  it("in createNetwork: the network goes, and its pool is free", async (t) => {
    const { host, plugin } = await killedAt(t, "createNetwork", "newNetwork");
    const controller = await host.start();
    assert.equal(controller.networkByName("m"), undefined);
    const calls: string[] = [];
    await eventually(() => {
      calls.push(...plugin.calls());
      assert.deepEqual(calls, ["deleteNetwork", "releaseAddress", "releasePool"]);
    });
    const config = [{ subnet: "10.60.0.0/24" }];
    await controller.newNetwork("mynet", "m", { ipam: { driver: "mynet", config } });
  });
});
