// What happens between a join and the namespace that the sandbox still waits for is not forgotten when the interface is made.

import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { link, NetNamespace, unbindNamespace } from "@causeway/kernel";
import type { Endpoint } from "@causeway/libnetwork";
import { namespaceOf, TestHost } from "../support/host.ts";
import { assertTalking, ipv4Only } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";

/** A sandbox without namespace that an endpoint has joined, and a namespace for it. */
async function waiting(t: TestContext) {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const sandbox = await host.controller.newSandbox("c", { externalKey: true });
  const endpoint = await network.createEndpoint("e");
  await endpoint.join(sandbox);
  const path = join(host.directory, "elsewhere");
  using namespace = NetNamespace.create();
  namespace.bindAt(path);
  const away = { [Symbol.dispose]: () => unbindNamespace(path) };
  return { host, sandbox, endpoint, path, away };
}

const hostEndOf = ({ id }: Endpoint): string => `veth${id.slice(0, 11)}`;

test("ports are published of an endpoint whose sandbox waits for its namespace", async (t) => {
  const { host, sandbox, endpoint, path, away } = await waiting(t);
  using _away = away;
  await endpoint.publish([{ hostPort: 8080, containerPort: 80 }]);
  await sandbox.setKey(path);
  const { info } = host.rtnl.query(link.get({ name: hostEndOf(endpoint) }));
  assert.equal(info?.bridgePort?.hairpin, true);
  using inside = namespaceOf(sandbox);
  await using _server = await serve(inside, { port: 80 });
  const own = { address: "172.30.1.1", port: 8080 };
  assert.ok((await ask(inside, own)) !== undefined, "it reaches what it publishes itself");
  await sandbox.delete();
});

test("interfaces come in the order of the joining, also after a restart", async (t) => {
  const { host, sandbox, endpoint, path, away } = await waiting(t);
  using _away = away;
  const made = ["f", "g"].map((name) => endpoint.network.createEndpoint(name));
  for (const later of (await Promise.all(made)).toReversed()) await later.join(sandbox);
  const controller = await host.restart();
  const again = controller.sandboxById(sandbox.id) ?? assert.fail();
  assert.deepEqual(
    again.endpoints().map(({ name }) => name),
    ["e", "g", "f"],
  );
  await again.setKey(path);
  const interfaces = again.endpoints().map((one) => `${one.name} ${one.info().interfaceName}`);
  assert.deepEqual(interfaces, ["e eth0", "g eth1", "f eth2"]);
  await again.delete();
});

test("the interface comes on the bridge that is there by then", async (t) => {
  const { host, sandbox, endpoint, path, away } = await waiting(t);
  using _away = away;
  await host.stop();
  host.rtnl.execute(link.remove({ name: `br-${endpoint.network.id.slice(0, 12)}` }));
  const controller = await host.start();
  const again = controller.sandboxById(sandbox.id) ?? assert.fail();
  await again.setKey(path);
  const network = controller.networkByName("n") ?? assert.fail();
  const { sandbox: other } = await controller.attach(network, { containerId: "other" });
  await assertTalking(again, other);
  await again.delete();
});
