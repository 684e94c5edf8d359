// A host port that somebody took while no controller ran: told, and had back when it is free.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { ipv4Only } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";

const hostPortsOf = (bindings: readonly { readonly hostPort: number }[]) =>
  [...new Set(bindings.map(({ hostPort }) => hostPort))].sort();

/** A container `web` with two published ports, of which somebody has taken the first. */
async function robbed(t: TestContext, host: TestHost) {
  const network = await ipv4Only(host, "n", 1);
  const publish = [8080, 8081].map((hostPort) => ({ hostPort, containerPort: 7000 }));
  await host.controller.attach(network, { containerId: "web", endpoint: { publish } });
  await host.stop();
  const theirs = await serve(host.namespace, { port: 8080 });
  t.after(() => theirs[Symbol.asyncDispose]());
  const controller = await host.start();
  const endpoint = () => host.controller.networkByName("n")?.endpointByName("web") ?? assert.fail();
  return { theirs, controller, endpoint };
}

test("a port that somebody took is told, the endpoint's others serve, and it is back once it is free", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  const { theirs, controller, endpoint } = await robbed(t, host);
  const [problem] = controller.problems;
  assert.deepEqual([controller.problems.length, problem?.kind, problem?.name], [1, "endpoint", "web"]);
  assert.match(String(problem?.error), /8080/);
  const events = controller.events();
  const { value: event } = await events.next();
  assert.deepEqual([event?.type, event?.name], ["endpoint:port-taken", "web"]);
  assert.match(event?.attributes.ports ?? "", /^0\.0\.0\.0:8080->7000\/tcp/);
  await events.return?.();
  assert.deepEqual([hostPortsOf(endpoint().bindings), hostPortsOf(endpoint().withheld)], [[8081], [8080]]);

  const web = controller.sandboxByContainerId("web") ?? assert.fail();
  using inside = namespaceOf(web);
  await using _server = await serve(inside, { port: 7000 });
  const reach = (port: number) => ask(outside.namespace, { address: outside.hostIpv4, port });
  assert.equal(await reach(8081), outside.ipv4);
  // What is stored of it otherwise keeps the port, too.
  await endpoint().publish([{ hostPort: 8082, containerPort: 7000 }]);
  await host.restart();
  assert.deepEqual(hostPortsOf(endpoint().withheld), [8080]);
  await theirs[Symbol.asyncDispose]();
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
  assert.deepEqual([hostPortsOf(endpoint().bindings), endpoint().withheld], [[8080, 8081, 8082], []]);
  for (const port of [8080, 8081, 8082]) assert.equal(await reach(port), outside.ipv4, String(port));
});

test("a port that somebody took can be given up, or published anew", async (t) => {
  const host = await TestHost.create(t);
  const { theirs, endpoint } = await robbed(t, host);
  await endpoint().unpublish([{ hostPort: 8080 }]);
  assert.deepEqual(endpoint().withheld, []);
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
  await theirs[Symbol.asyncDispose]();
  await endpoint().publish([{ hostPort: 8080, containerPort: 7000 }]);
  await host.stop();
  const again = await serve(host.namespace, { port: 8080 });
  await host.start();
  assert.deepEqual(hostPortsOf(endpoint().withheld), [8080]);
  await again[Symbol.asyncDispose]();
  await endpoint().publish([{ hostPort: 8080, containerPort: 7000 }]);
  assert.deepEqual([hostPortsOf(endpoint().bindings), endpoint().withheld], [[8080, 8081], []]);
});
