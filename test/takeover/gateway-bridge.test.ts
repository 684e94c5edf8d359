// The gateway bridge when the controller is killed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pluginScene } from "../support/bridge-plugin.ts";
import { namespaceOf } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
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
