// A run that was killed leaves links behind; whoever needs their names while they are swept away waits for them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { link, NetNamespace, unbindNamespace } from "@causeway/kernel";
import { TestHost } from "../support/host.ts";
import { interfacesOf } from "../support/inside.ts";
import { assertTalking, ipv4Only } from "../support/scenes.ts";

/** Pairs of links with our mark, as a run leaves them that was killed before its durable write; twenty take the reaper a while. */
function leaveBehind(host: TestHost, endpoints: readonly { readonly id: string }[]): void {
  const controllerId = readFileSync(join(host.options.runDir, "owner"), "utf8").trim();
  for (const { id } of endpoints) {
    const name = `veth${id.slice(0, 11)}`;
    const peer = { name: `p${id.slice(0, 11)}` };
    host.rtnl.execute(
      link.create({ name, info: { kind: "veth", veth: { peer } } }),
      link.change({ name }, { alias: `causeway:${controllerId}:${id}` }),
    );
  }
}

async function withManyEndpoints(t: TestContext) {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const names = Array.from({ length: 20 }, (_, number) => `e${number}`);
  const endpoints = await Promise.all(names.map((name) => network.createEndpoint(name)));
  return { host, endpoints };
}

test("an endpoint joins while the link of its name is still swept", async (t) => {
  const { host, endpoints } = await withManyEndpoints(t);
  await host.stop();
  leaveBehind(host, endpoints);
  const controller = await host.start();
  const network = controller.networkByName("n") ?? assert.fail();
  const last = network.endpointByName("e19") ?? assert.fail();
  const sandbox = await controller.newSandbox("c");
  await last.join(sandbox);
  const { sandbox: other } = await controller.attach(network, { containerId: "other" });
  await assertTalking(sandbox, other);
});

test("a setKey that was killed is done again", async (t) => {
  const { host, endpoints } = await withManyEndpoints(t);
  const path = join(host.directory, "elsewhere");
  using elsewhere = NetNamespace.create();
  elsewhere.bindAt(path);
  const sandbox = await host.controller.newSandbox("c", { externalKey: true });
  for (const endpoint of endpoints) await endpoint.join(sandbox);
  await host.stop();
  leaveBehind(host, endpoints);
  const controller = await host.start();
  const again = controller.sandboxByContainerId("c") ?? assert.fail();
  await again.setKey(path);
  assert.equal(interfacesOf(again).length, endpoints.length);
  await again.delete();
  unbindNamespace(path);
});

test("a bridge has the name of one that is still swept", async (t) => {
  const { host, endpoints } = await withManyEndpoints(t);
  await host.stop();
  leaveBehind(host, endpoints);
  const controllerId = readFileSync(join(host.options.runDir, "owner"), "utf8").trim();
  host.rtnl.execute(
    link.create({ name: "lan0", info: { kind: "bridge" } }),
    link.change({ name: "lan0" }, { alias: `causeway:${controllerId}:${"0".repeat(64)}` }),
  );
  await host.start();
  await ipv4Only(host, "other", 2, { driverOptions: { bridgeName: "lan0" } });
});
