// Sandboxes whose namespace is gone: told, held to nothing but being deleted, and in nobody's way.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { NetNamespace, unbindNamespace } from "@causeway/kernel";
import {
  CausewayError,
  type CausewayEvent,
  type NetworkController,
  topologyText,
} from "@causeway/libnetwork";
import { eventually } from "../support/eventually.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { assertTalking, dualStack, ipv4Only } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";

const publish = [{ containerPort: 80, hostPort: 8080 }];

/** The events that wait for who asks first. */
async function earlyEvents(controller: NetworkController): Promise<readonly CausewayEvent[]> {
  const found: CausewayEvent[] = [];
  const events = controller.events();
  await controller.newSandbox("the last");
  for await (const event of events) {
    if (event.type === "sandbox:create") break;
    found.push(event);
  }
  await controller.sandboxDestroy("the last");
  return found;
}

function codes({ problems }: NetworkController): readonly string[] {
  return problems.map(
    ({ kind, name, error }) => `${kind} ${name}: ${error instanceof CausewayError ? error.code : error}`,
  );
}

/** A container `web` with a published port, and one that shares its stack; then the namespace goes while no controller runs. */
async function hostWithLost(t: TestContext): Promise<TestHost> {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox } = await host.controller.attach(network, { containerId: "web", endpoint: { publish } });
  await host.controller.newSandbox("side", { shareWith: "web" });
  await host.controller.attach(network, { containerId: "alive" });
  const { netnsPath } = sandbox;
  await host.stop();
  unbindNamespace(netnsPath);
  await host.start();
  return host;
}

test("a sandbox whose namespace is gone is there, told as lost, and so is who shares its stack", async (t) => {
  const host = await hostWithLost(t);
  const { controller } = host;
  assert.deepEqual(codes(controller), ["sandbox web: sandbox_lost", "sandbox side: sandbox_lost"]);
  const lost = (await earlyEvents(controller)).map(({ type, name }) => `${type} ${name}`);
  assert.deepEqual(lost, ["sandbox:lost web", "sandbox:lost side"]);
  assert.deepEqual(
    controller.sandboxes().map((sandbox) => [sandbox.containerId, sandbox.lost]),
    [
      ["web", true],
      ["alive", false],
      ["side", true],
    ],
  );
  const topology = await controller.topology();
  assert.equal(topology.sandboxes.find(({ containerId }) => containerId === "web")?.lost, true);
  assert.match(topologyText(topology), /web \+ side.*\n.*lost: its namespace is gone/);
});

test("nothing can be done with a lost sandbox, but deleting it and letting its endpoints leave", async (t) => {
  const host = await hostWithLost(t);
  const { controller } = host;
  const network = controller.networkByName("n") ?? assert.fail();
  const web = controller.sandboxByContainerId("web") ?? assert.fail();
  const refusal = {
    code: "sandbox_lost",
    kind: "unavailable",
    message: /delete the sandbox and make it anew/,
  };
  const spare = await network.createEndpoint("spare");
  await assert.rejects(spare.join(web), refusal);
  await assert.rejects(web.refresh(), refusal);
  await assert.rejects(web.setKey("/proc/self/ns/net"), refusal);
  await assert.rejects(controller.newSandbox("other", { shareWith: "web" }), refusal);
  assert.throws(() => web.spawn("true"), refusal);
  assert.throws(() => web.statistics(), refusal);
  assert.throws(() => web.netnsPath, refusal);
  await assert.rejects(controller.newSandbox("web"), {
    code: "sandbox_exists",
    message: /lost: delete that/,
  });

  const [endpoint = assert.fail()] = web.endpoints();
  assert.equal(endpoint.sandbox, web);
  await endpoint.leave(web);
  assert.deepEqual([endpoint.sandbox, web.endpoints()], [undefined, []]);
  await web.rename("formerly");
  await controller.sandboxByContainerId("side")?.delete();
  await controller.sandboxDestroy("formerly");
  assert.equal(controller.sandboxByContainerId("formerly"), undefined);
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
});

test("what a lost sandbox's endpoint has stays its own until it is deleted, and goes to the container made anew", async (t) => {
  const host = await hostWithLost(t);
  using outside = new Outside(host);
  const { controller } = host;
  const network = controller.networkByName("n") ?? assert.fail();
  const endpoint = network.endpointByName("web") ?? assert.fail();
  const { ipv4 = "", mac } = endpoint;
  await assert.rejects(network.createEndpoint("x", { ipv4: ipv4.split("/")[0] ?? "" }), {
    code: "address_in_use",
  });
  await assert.rejects(network.createEndpoint("x", { publish }), { code: "port_in_use" });
  const elements = () => host.state().filter((line) => line.startsWith("element"));
  const mentions = elements().filter(
    (line) => line.includes("8080") || line.includes(endpoint.id.slice(0, 11)),
  );
  assert.deepEqual(mentions, [], "the firewall knows nothing of it");
  await eventually(() =>
    assert.equal(host.rtnl.findLinks({ kind: "veth" }).length, 2, "alive's and the wire's"),
  );

  await controller.sandboxByContainerId("side")?.delete();
  await controller.sandboxDestroy("web").then(
    () => assert.equal(network.endpointByName("web"), undefined),
    () => assert.fail(),
  );
  const again = await controller.attach(network, { containerId: "web", endpoint: { publish, mac } });
  using inside = namespaceOf(again.sandbox);
  await using _server = await serve(inside, { port: 80 });
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), outside.ipv4);
});

test("an endpoint that a lost sandbox kept joins the one that is made in its place, with address and port", async (t) => {
  const host = await hostWithLost(t);
  using outside = new Outside(host);
  const { controller } = host;
  const endpoint = controller.networkByName("n")?.endpointByName("web") ?? assert.fail();
  const { ipv4, bindings } = endpoint;
  await controller.sandboxByContainerId("side")?.delete();
  await controller.sandboxByContainerId("web")?.delete();
  const made = await controller.newSandbox("web");
  await endpoint.join(made);
  assert.deepEqual([endpoint.ipv4, endpoint.bindings], [ipv4, bindings]);
  await assertTalking(made, controller.sandboxByContainerId("alive") ?? assert.fail());
  using inside = namespaceOf(made);
  await using _server = await serve(inside, { port: 80 });
  assert.equal(await ask(outside.namespace, { address: outside.hostIpv4, port: 8080 }), outside.ipv4);
});

test("a process that lives on in a namespace that was let go of is cut off", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const { sandbox } = await host.controller.attach(network, { containerId: "web" });
  using held = namespaceOf(sandbox);
  const { netnsPath } = sandbox;
  await host.stop();
  unbindNamespace(netnsPath);
  await host.start();
  assert.deepEqual(codes(host.controller), ["sandbox web: sandbox_lost"]);
  await eventually(() => assert.deepEqual(host.rtnl.findLinks({ kind: "veth" }), []));
  await using _server = await serve(host.namespace, { port: 7000 });
  assert.equal(await ask(held, { address: "172.30.1.1", port: 7000 }), undefined);
});

test("a sandbox in a process's namespace is lost with the process", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  using made = NetNamespace.create();
  const process = made.spawn("sleep", ["1000"]);
  const key = `/proc/${process.pid}/ns/net`;
  await host.controller.attach(network, { containerId: "c", sandbox: { key } });
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
  await host.stop();
  process.kill("SIGKILL");
  made[Symbol.dispose]();
  await eventually(() => assert.equal(existsSync(key), false));
  await host.start();
  assert.deepEqual(codes(host.controller), ["sandbox c: sandbox_lost"]);
  await host.controller.sandboxDestroy("c");
});
