// A stored record that is not as it should be: it is reported, nothing of it is touched, and the rest works.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { CausewayError, type NetworkController } from "@causeway/libnetwork";
import { TestHost } from "./support/host.ts";
import { assertTalking, ipv4Only } from "./support/scenes.ts";

/** Changes a record of a stopped controller. */
function tamper(host: TestHost, kind: string, id: string, change: (value: object) => unknown): void {
  using db = new DatabaseSync(join(host.options.stateDir, "causeway.db"));
  const row = db.prepare("SELECT value FROM records WHERE kind = ? AND id = ?").get(kind, id);
  const value = JSON.stringify(change(JSON.parse(String(row?.value))));
  db.prepare("UPDATE records SET value = ? WHERE kind = ? AND id = ?").run(value, kind, id);
}

function problemsOf(controller: NetworkController): readonly string[] {
  return controller.problems.map(({ kind, name, error }) => {
    assert.ok(error instanceof CausewayError, String(error));
    return `${kind} ${name} ${error.code}`;
  });
}

/** Links, namespaces and files are where they were. */
function linksOf(host: TestHost): readonly string[] {
  const namespaces = readdirSync(join(host.options.runDir, "netns"));
  return [...host.state().filter((line) => line.startsWith("link ")), ...namespaces].sort();
}

async function scene(host: TestHost) {
  const { controller } = host;
  const network = await ipv4Only(host, "n", 1);
  const other = await ipv4Only(host, "m", 2);
  const a = await controller.attach(network, { containerId: "a" });
  const b = await controller.attach(network, { containerId: "b" });
  const c = await controller.attach(other, { containerId: "c" });
  const d = await controller.attach(other, { containerId: "d" });
  return { network, other, a, b, c, d };
}

function sandboxes(controller: NetworkController, ...names: readonly string[]) {
  return names.map((name) => {
    const sandbox = controller.sandboxByContainerId(name);
    assert.ok(sandbox !== undefined, name);
    return sandbox;
  });
}

async function assertOthersTalk(controller: NetworkController): Promise<void> {
  const [c, d] = sandboxes(controller, "c", "d");
  assert.ok(c !== undefined && d !== undefined);
  await assertTalking(c, d);
}

test("an endpoint that cannot be read keeps its interface and its address, until it is given up", async (t) => {
  const host = await TestHost.create(t);
  const { a } = await scene(host);
  const before = linksOf(host);
  const taken = a.endpoint.ipv4;
  await host.stop();
  tamper(host, "endpoint", a.endpoint.id, (value) => ({ ...value, state: "gone" }));

  const controller = await host.start();
  assert.deepEqual(problemsOf(controller), ["endpoint a record_unreadable"]);
  assert.match(String(controller.problems[0]?.error), /endpoint "a" .* state: "gone" is not an object/);
  assert.deepEqual(linksOf(host), before);
  await assertOthersTalk(controller);
  const network = controller.networkByName("n");
  assert.ok(network !== undefined);
  const wanted = taken?.split("/")[0] ?? "";
  await assert.rejects(network.createEndpoint("thief", { ipv4: wanted }), /address_in_use|in use|taken/);

  await assert.rejects(controller.discardRecord("network", a.endpoint.id), { code: "record_not_found" });
  await controller.discardRecord("endpoint", a.endpoint.id);
  assert.deepEqual(controller.problems, []);
  const again = await host.restart();
  assert.deepEqual(again.problems, []);
  await again.networkByName("n")?.createEndpoint("heir", { ipv4: wanted });
});

test("a sandbox that cannot be read keeps its namespace, and its endpoint", async (t) => {
  const host = await TestHost.create(t);
  const { a } = await scene(host);
  const before = linksOf(host);
  await host.stop();
  tamper(host, "sandbox", a.sandbox.id, (value) => ({ ...value, namespace: 5 }));
  const controller = await host.start();
  assert.deepEqual(problemsOf(controller), [
    "sandbox a record_unreadable",
    "endpoint a sandbox_not_restored",
  ]);
  assert.deepEqual(linksOf(host), before);
  await controller.repair();
  assert.deepEqual(linksOf(host), before, "a repair leaves it its namespace");
  assert.equal(controller.problems.length, 2, "and does not pass for a mend");
  await assertOthersTalk(controller);
  // Put right, it is there again, and talks.
  await host.stop();
  tamper(host, "sandbox", a.sandbox.id, (value) => ({ ...value, namespace: a.sandbox.record.namespace }));
  const mended = await host.start();
  assert.deepEqual(mended.problems, []);
  const [one, two] = sandboxes(mended, "a", "b");
  assert.ok(one !== undefined && two !== undefined);
  await assertTalking(one, two);
});

test("a network that cannot be read keeps its bridge, and its endpoints stay stored", async (t) => {
  const host = await TestHost.create(t);
  const { network } = await scene(host);
  const before = linksOf(host);
  await host.stop();
  tamper(host, "network", network.id, (value) => ({ ...value, options: [] }));
  const controller = await host.start();
  assert.deepEqual(problemsOf(controller), [
    "network n record_unreadable",
    "endpoint a network_not_restored",
    "endpoint b network_not_restored",
  ]);
  assert.deepEqual(linksOf(host), before);
  await assertOthersTalk(controller);
  await controller.discardRecord("network", network.id);
  const again = await host.restart();
  assert.deepEqual(again.problems, []);
  assert.equal(again.networkByName("n"), undefined);
  assert.equal(again.sandboxByContainerId("a")?.endpoints().length, 0);
});

test("a service that cannot be read keeps its address, and one whose network cannot be read stays stored", async (t) => {
  const host = await TestHost.create(t);
  const { network, other } = await scene(host);
  const one = await network.createService("one");
  const two = await other.createService("two");
  const taken = one.ipv4?.split("/")[0] ?? assert.fail();
  await host.stop();
  tamper(host, "service", one.id, (value) => ({ ...value, x: value, options: 5 }));
  tamper(host, "network", other.id, (value) => ({ ...value, x: value, pools: 5 }));
  const controller = await host.start();
  const problems = problemsOf(controller);
  assert.ok(problems.includes("service one record_unreadable"), problems.join());
  assert.ok(problems.includes("service two network_not_restored"), problems.join());
  const there = controller.networkByName("n") ?? assert.fail();
  await assert.rejects(there.createEndpoint("thief", { ipv4: taken }), { code: "address_in_use" });
  // Put right, both are there again.
  await host.stop();
  tamper(host, "service", one.id, (value) => Reflect.get(value, "x"));
  tamper(host, "network", other.id, (value) => Reflect.get(value, "x"));
  const mended = await host.start();
  assert.deepEqual(mended.problems, []);
  assert.equal(mended.networkByName("n")?.serviceByName("one")?.id, one.id);
  assert.equal(mended.networkByName("m")?.serviceByName("two")?.id, two.id);
});

test("a predefined network that cannot be read is not made a second time", async (t) => {
  const host = await TestHost.create(t, { defaultNetwork: {} });
  const { id } = host.controller.networkByName("bridge") ?? {};
  assert.ok(id !== undefined);
  for (const harm of [{ driver: 5 }, { name: 5 }]) {
    const before = linksOf(host);
    await host.stop();
    let kept: unknown;
    tamper(host, "network", id, (value) => {
      kept = value;
      return { ...value, ...harm };
    });
    const controller = await host.start();
    assert.deepEqual(
      controller.problems.map((problem) => problem.id),
      [id],
    );
    assert.deepEqual(linksOf(host), before);
    await host.stop();
    tamper(host, "network", id, () => kept);
    await host.start();
  }
  assert.equal(host.controller.networkByName("bridge")?.id, id);
});

test("an endpoint of an older release has the options of today", async (t) => {
  const host = await TestHost.create(t);
  const { a } = await scene(host);
  const { options } = a.endpoint.record;
  await host.stop();
  tamper(host, "endpoint", a.endpoint.id, (value) => ({ ...value, options: {} }));
  const controller = await host.start();
  assert.deepEqual(controller.problems, []);
  assert.deepEqual(controller.networkByName("n")?.endpointByName("a")?.record.options, options);
  const [one, two] = sandboxes(controller, "a", "b");
  assert.ok(one !== undefined && two !== undefined);
  await assertTalking(one, two);
});
