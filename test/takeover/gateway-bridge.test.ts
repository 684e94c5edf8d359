// The gateway bridge when the controller is killed: while nothing happens, and while sandboxes get on it and off it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pluginScene } from "../support/bridge-plugin.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { interfacesOf } from "../support/inside.ts";
import { Outside } from "../support/outside.ts";
import { ipv4Only } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";
import { Holder } from "./holding.ts";

const subnet = { ipam: { config: [{ subnet: "10.50.1.0/24" }] } };

test("a kill and a close: the sandbox is reached and gets out by it all the while", async (t) => {
  const { host } = await pluginScene(t, { gateway: false });
  using outside = new Outside(host);
  const network = await host.controller.newNetwork("mynet", "n", subnet);
  const publish = [{ hostPort: 8080, containerPort: 80 }];
  const { sandbox } = await host.controller.attach(network, { containerId: "web", endpoint: { publish } });
  using inner = namespaceOf(sandbox);
  await using _inside = await serve(inner, { port: 80 });
  await using _outside = await serve(outside.namespace, { port: 7000 });
  const assertBoth = async (when: string) => {
    const seen = await ask(inner, { address: outside.ipv4, port: 7000, timeout: 950 });
    assert.equal(seen, outside.hostIpv4, `out, ${when}`);
    const door = { address: outside.hostIpv4, port: 8080, timeout: 950 };
    assert.equal(await ask(outside.namespace, door), outside.ipv4, `in, ${when}`);
  };
  await assertBoth("at first");
  await host.stop();
  const first = await Holder.open(host.options);
  await assertBoth("taken up");
  await first.kill();
  await assertBoth("killed");
  const second = await Holder.open(host.options);
  await second.close();
  await assertBoth("closed");
  await host.start();
  assert.deepEqual(host.controller.problems, []);
  assert.deepEqual((await host.controller.inspectHealth()).items, []);
  await assertBoth("here again");
});

test("kills while sandboxes get on it and off it: the next open has each on it that needs it, and nothing else", async (t) => {
  const { host } = await pluginScene(t, { gateway: false });
  await host.controller.newNetwork("mynet", "n", subnet);
  await ipv4Only(host, "bridge", 1);
  await host.stop();
  const found = new Set<string>();
  const steps = ["attach", "connect", "unpublish", "delete", "leave", "join", "end", "done"];
  for (const step of steps) {
    await using turns = new Holder(host.options, "gateway-turns.ts");
    await turns.says(step);
    await sleep(Math.random() * 30);
    await turns.kill();
    const controller = await host.start();
    assert.deepEqual(controller.problems, []);
    const sandbox = controller.sandboxByContainerId("web");
    const joined = sandbox?.endpoints().map(({ network }) => network.name) ?? [];
    const publishes = sandbox?.endpoints().some(({ record }) => record.options.publish.length > 0) === true;
    const needs = joined.includes("n") && (!joined.includes("bridge") || publishes);
    found.add(`${joined} ${publishes} ${needs}`);
    const on = controller.networkByName("causeway_gwbridge")?.endpoints() ?? [];
    assert.equal(on.length, needs ? 1 : 0, `at ${step}, of ${joined}`);
    if (sandbox !== undefined)
      await eventually(() => assert.equal(interfacesOf(sandbox).length, joined.length + on.length));
    await eventually(async () => {
      const { items } = await controller.inspectHealth();
      assert.deepEqual(items, [], JSON.stringify(items));
    });
    await host.stop();
  }
  t.diagnostic(`found: ${[...found].join("; ")}`);
  await host.start();
});
