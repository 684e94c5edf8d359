// Plugins that fail: each failure is a clear error, what was done is taken back in dockerd's order, and others are not held up.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, it } from "node:test";
import { soundIpam } from "../../packages/plugin-sdk/src/check/sound-test-support.ts";
import { linkName, pluginScene } from "../support/bridge-plugin.ts";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";
import { interfacesOf } from "../support/inside.ts";
import { ipv4Only, reaches } from "../support/scenes.ts";

const config = [{ subnet: "10.50.0.0/24" }];

/** Fails unless nothing is left of an attach, and the next one gets the same address. */
async function assertNothingLeft({ controller, plugin }: Awaited<ReturnType<typeof pluginScene>>) {
  assert.deepEqual(controller.networkByName("n")?.endpoints(), []);
  assert.deepEqual(controller.sandboxes(), []);
  assert.deepEqual(plugin.missed, []);
}

/** What each of several calls met, or the one. */
function unreached(error: Error & { code?: string }): boolean {
  if (error instanceof AggregateError) return error.errors.every(unreached);
  return error.code === "plugin_not_found" || error.code === "plugin_unreachable";
}

describe("a plugin that answers wrong", () => {
  it("an interface that is not there: it is left and deleted, as dockerd does", async (t) => {
    let wrong = true;
    const scene = await pluginScene(t, {
      network: {
        join: ({ EndpointID }) => ({
          InterfaceName: { SrcName: wrong ? "nowhere0" : linkName(EndpointID), DstPrefix: "eth" },
        }),
      },
    });
    const { controller, plugin } = scene;
    const network = await controller.newNetwork("mynet", "n", { ipam: { config } });
    plugin.calls();
    await assert.rejects(controller.attach(network, { containerId: "a" }), {
      code: "source_interface_missing",
      kind: "unavailable",
      message: /"nowhere0"/,
    });
    assert.deepEqual(plugin.calls(), ["createEndpoint", "join", "leave", "deleteEndpoint"]);
    await assertNothingLeft(scene);
    wrong = false;
    const { endpoint } = await controller.attach(network, {
      containerId: "a",
      endpoint: { ipv4: "10.50.0.2" },
    });
    assert.equal(endpoint.ipv4, "10.50.0.2/24", "the address was given back");
  });

  it("another address than it was given: the endpoint is deleted", async (t) => {
    const scene = await pluginScene(t, {
      network: { createEndpoint: () => ({ Interface: { Address: "10.50.0.99/24" } }) },
    });
    const { controller, plugin } = scene;
    const network = await controller.newNetwork("mynet", "n", { ipam: { config } });
    plugin.calls();
    await assert.rejects(network.createEndpoint("e"), {
      code: "plugin_answer_invalid",
      message: /10\.50\.0\.99\/24, and was given 10\.50\.0\.2\/24; rolled back/,
    });
    assert.deepEqual(plugin.calls(), ["createEndpoint", "deleteEndpoint"]);
    assert.deepEqual(network.endpoints(), []);
    plugin.missed.length = 0;
  });

  it("no: dockerd's words, and the pool is free again", async (t) => {
    let refuses = true;
    const { controller } = await pluginScene(t, {
      ipam: soundIpam(),
      network: {
        createNetwork() {
          if (refuses) throw new Error("mock says no");
        },
      },
    });
    const options = { ipam: { driver: "mynet", config } };
    await assert.rejects(controller.newNetwork("mynet", "n", options), {
      code: "plugin_refused",
      message: "remote: mock says no",
    });
    refuses = false;
    await controller.newNetwork("mynet", "n", options);
  });

  for (const [what, body, code] of [
    ["junk", "<html>", "plugin_answer_invalid"],
    ["10 MB", " ".repeat(10_000_000), "plugin_answer_too_large"],
  ] as const) {
    it(`${what}: a network is not made, and is asked to be deleted`, async (t) => {
      const asked: string[] = [];
      const answer = (method: string, response: ServerResponse) => {
        asked.push(method);
        if (method === "Plugin.Activate") response.end('{"Implements":["NetworkDriver"]}');
        else if (method.endsWith("GetCapabilities")) response.end('{"Scope":"local"}');
        else if (method.endsWith("CreateNetwork")) response.end(body);
        else response.end("{}");
      };
      const { controller } = await pluginScene(t, {
        beside: (directory) => rawPlugin(join(directory, "raw.sock"), answer),
      });
      await assert.rejects(controller.newNetwork("raw", "n", { ipam: { config } }), { code });
      await eventually(() => assert.equal(asked.at(-1), "NetworkDriver.DeleteNetwork"));
      assert.equal(controller.networkByName("n"), undefined);
      await controller.newNetwork("mynet", "n", { ipam: { config } });
    });
  }
});

describe("a plugin that does not answer", () => {
  it("holds up its own network only, and is told later what to take back", async (t) => {
    let hangs = true;
    const scene = await pluginScene(t, { holds: () => (hangs ? "createEndpoint" : undefined) });
    const { host, controller, plugin } = scene;
    const network = await controller.newNetwork("mynet", "n", { ipam: { config } });
    plugin.calls();
    const attached = controller.attach(network, { containerId: "a" });
    const failed = assert.rejects(attached, { code: "plugin_timeout", kind: "unavailable" });
    await eventually(() => assert.deepEqual(plugin.calls(), ["createEndpoint"]));
    const other = await ipv4Only(host, "other", 1);
    const b = await controller.attach(other, { containerId: "b" });
    const c = await controller.attach(other, { containerId: "c" });
    assert.equal(await reaches(b.sandbox, c.sandbox, "172.30.1.3"), "172.30.1.2");
    assert.equal((await controller.topology()).networks.length > 0, true);
    await failed;
    hangs = false;
    await eventually(() => assert.deepEqual(plugin.calls(), ["deleteEndpoint"]));
    await b.sandbox.delete({ endpoints: "delete" });
    await c.sandbox.delete({ endpoints: "delete" });
    await assertNothingLeft(scene);
    await controller.attach(network, { containerId: "a" });
  });

  it("when an endpoint leaves: that is cut off before anybody waits for the plugin", async (t) => {
    let hangs = false;
    const { controller, plugin } = await pluginScene(t, {
      holds: () => (hangs ? "revokeExternalConnectivity" : undefined),
    });
    const network = await controller.newNetwork("mynet", "n", { ipam: { config } });
    const a = await controller.attach(network, { containerId: "a" });
    const b = await controller.attach(network, { containerId: "b" });
    assert.equal(await reaches(a.sandbox, b.sandbox, "10.50.0.3"), "10.50.0.2");
    hangs = true;
    const held = new Promise<void>((resolve) => {
      plugin.onHeld = resolve;
    });
    let isOver = false;
    const left = assert.rejects(a.endpoint.leave(a.sandbox), { code: "plugin_timeout" }).finally(() => {
      isOver = true;
    });
    await held;
    assert.deepEqual(interfacesOf(a.sandbox), []);
    assert.equal(isOver, false);
    await left;
    hangs = false;
  });

  it("died: its endpoint is cut off all the same, and it is told when it is back", async (t) => {
    const { host, controller, plugin } = await pluginScene(t);
    const network = await controller.newNetwork("mynet", "n", { ipam: { config } });
    const { sandbox, endpoint } = await controller.attach(network, { containerId: "a" });
    plugin.calls();
    await plugin.stop();
    await assert.rejects(endpoint.leave(sandbox), unreached);
    assert.equal(endpoint.sandbox, undefined);
    assert.deepEqual(interfacesOf(sandbox), []);
    assert.notEqual(host.rtnl.findLink({ name: linkName(endpoint.id) }), undefined);
    await assert.rejects(endpoint.join(sandbox), { kind: "unavailable" });
    const { items } = await controller.inspectHealth();
    assert.deepEqual(
      items.map(({ code, message }) => [code, message]),
      [["plugin_away", "1 thing is still to be taken back by plugin mynet, which does not answer"]],
    );
    await plugin.start();
    await endpoint.join(sandbox);
    assert.deepEqual(plugin.calls(), ["leave", "join", "programExternalConnectivity"]);
    await plugin.stop();
    await assert.rejects(sandbox.delete({ endpoints: "delete" }), unreached);
    assert.deepEqual(controller.sandboxes(), []);
    await plugin.start();
    const heard: string[] = [];
    await eventually(() => {
      heard.push(...plugin.calls());
      assert.deepEqual(heard, ["leave", "deleteEndpoint"]);
    });
    assert.deepEqual(plugin.missed, []);
  });

  it("is away when a controller opens: its networks are there, and work as soon as it is", async (t) => {
    const { host, plugin } = await pluginScene(t);
    const network = await host.controller.newNetwork("mynet", "n", { ipam: { config } });
    const { sandbox } = await host.controller.attach(network, { containerId: "a" });
    await plugin.stop();
    const controller = await host.restart();
    assert.deepEqual(controller.problems, []);
    const again = controller.networkByName("n");
    assert.ok(again !== undefined);
    await assert.rejects(again.createEndpoint("e"), { kind: "unavailable", message: /mynet/ });
    assert.equal(again.endpointByName("e"), undefined);
    await plugin.start();
    const other = await controller.attach(again, { containerId: "b" });
    const here = controller.sandboxByContainerId("a");
    assert.ok(here !== undefined);
    assert.equal(sandbox.id, here.id);
    assert.equal(await reaches(other.sandbox, here, "10.50.0.2"), other.endpoint.ipv4?.split("/")[0]);
  });
});

describe("names that nobody has", () => {
  it("are refused with the built-in ones and the places where plugins are looked for", async (t) => {
    const { controller, directory } = await pluginScene(t);
    await assert.rejects(controller.newNetwork("brige", "n"), (error: Error & { code?: string }) => {
      assert.equal(error.code, "unknown_driver");
      assert.match(
        error.message,
        /did you mean "bridge"\?.*there are bridge, host, null, and there is no plugin "brige"/,
      );
      assert.ok(error.message.includes(`no socket brige.sock in ${directory}`));
      return true;
    });
    await assert.rejects(controller.newNetwork("bridge", "n", { ipam: { driver: "mynet" } }), {
      code: "unknown_ipam_driver",
      message: /mynet is no IpamDriver: it implements NetworkDriver/,
    });
    await assert.rejects(controller.newNetwork("../x", "n"), { code: "unknown_driver" });
    assert.deepEqual(controller.networkByName("n"), undefined);
  });

  it("are no plugins where there are to be none", async (t) => {
    const host = await TestHost.create(t, { plugins: false });
    await assert.rejects(host.controller.newNetwork("mynet", "n"), {
      code: "unknown_driver",
      message: /there are bridge, host, null$/,
    });
  });
});

/** A plugin that is written without the SDK. */
async function rawPlugin(
  path: string,
  answer: (method: string, response: ServerResponse) => void,
): Promise<() => Promise<unknown>> {
  const server = createServer((request, response) => {
    request.resume();
    answer(request.url?.slice(1) ?? "", response);
  });
  server.listen(path);
  await once(server, "listening");
  return () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
}
