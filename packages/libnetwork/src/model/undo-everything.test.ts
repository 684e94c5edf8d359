import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "../endpoint.ts";
import type { Network } from "../network.ts";
import type { Sandbox } from "../sandbox.ts";
import { FakeController } from "./test-support.ts";

interface Scene {
  readonly controller: FakeController;
  readonly network: Network;
  readonly other: Network;
  /** In `network`, free. */
  readonly endpoint: Endpoint;
  /** In `other` and `sandbox`: its way out, until one of `network` joins. */
  readonly joined: Endpoint;
  readonly sandbox: Sandbox;
  /** Waits for its namespace, with two endpoints. */
  readonly waiting: Sandbox;
  /** Its driver gives no gateway. */
  readonly plugin: Network;
  /** In `plugin`, with a port; on the gateway bridge on its account. */
  readonly carried: Endpoint;
  /** In `plugin` and `other`, with a port of the first: on the gateway bridge for that alone. */
  readonly both: Sandbox;
}

async function buildScene(): Promise<Scene> {
  const controller = await FakeController.open();
  const subnets = (number: number) => ({
    ipam: { config: [{ subnet: `172.30.${number}.0/24` }, { subnet: `fd00:${number}::/64` }] },
  });
  const network = await controller.newNetwork("bridge", "a", subnets(1));
  const other = await controller.newNetwork("bridge", "b", subnets(2));
  const endpoint = await network.createEndpoint("free", { publish: [{ containerPort: 80 }] });
  const { endpoint: joined, sandbox } = await controller.attach(other, { containerId: "c" });
  const waiting = await controller.newSandbox("waiting", { externalKey: true });
  for (const one of [network, other]) await (await one.createEndpoint("waits")).join(waiting);
  const plugin = await controller.newNetwork("plugin", "p", subnets(3));
  await controller.newNetwork("plugin", "told", { ...subnets(4), driverOptions: { gateway: true } });
  const publish = (hostPort: number) => ({ publish: [{ hostPort, containerPort: 80 }] });
  const { endpoint: carried } = await controller.attach(plugin, {
    containerId: "d",
    endpoint: publish(8090),
  });
  const { sandbox: both } = await controller.attach(plugin, { containerId: "e", endpoint: publish(8091) });
  await other.connect(both, "e");
  const scene = { controller, network, other, endpoint, joined, sandbox, waiting };
  return { ...scene, plugin, carried, both };
}

const operations: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  newNetwork: ({ controller }) =>
    controller.newNetwork("bridge", "new", {
      ipam: {
        config: [
          { subnet: "172.30.9.0/24", auxiliaryAddresses: { router: "172.30.9.9" } },
          { subnet: "fd00:9::/64" },
        ],
      },
    }),
  createEndpoint: ({ network }) =>
    network.createEndpoint("new", { ipv4: "172.30.1.77", publish: [{ containerPort: 80, hostPort: 8080 }] }),
  newSandbox: ({ controller }) => controller.newSandbox("new"),
  "newSandbox that shares": ({ controller }) => controller.newSandbox("new", { shareWith: "c" }),
  "newSandbox with a key": ({ controller }) => controller.newSandbox("new", { key: "/elsewhere" }),
  attach: ({ controller, network }) => controller.attach(network, { containerId: "new" }),
  "join that changes the way out": ({ endpoint, sandbox }) => endpoint.join(sandbox),
  "attach that gets on the gateway bridge": ({ controller, plugin }) =>
    controller.attach(plugin, {
      containerId: "new",
      endpoint: { publish: [{ containerPort: 80, hostPort: 8080 }] },
    }),
  "join that needs it no more": async ({ controller, carried }) => {
    const network = controller.networkByName("told");
    const sandbox = carried.sandbox;
    assert.ok(network !== undefined && sandbox !== undefined);
    return network.connect(sandbox, "told");
  },
  "publish on it": ({ carried }) => carried.publish([{ containerPort: 81, hostPort: 8081 }]),
  "unpublish on it": ({ carried }) => carried.unpublish([{ containerPort: 80 }]),
  setKey: ({ waiting }) => waiting.setKey("/elsewhere"),
  publish: ({ joined }) => joined.publish([{ containerPort: 81, hostPort: 8081 }]),
  rename: ({ sandbox }) => sandbox.rename("new"),
  updateNames: ({ joined }) => joined.updateNames({ aliases: ["www"] }),
  setExtraHosts: ({ sandbox }) => sandbox.setExtraHosts([{ name: "gate", address: "192.0.2.1" }]),
  disableService: ({ sandbox }) => sandbox.disableService(),
  addRecords: ({ network }) => network.addRecords([{ name: "db", type: "A", address: "192.0.2.1" }]),
};

for (const [name, operate] of Object.entries(operations)) {
  test(`${name}: whichever step fails, everything is as it was, and it can be done again`, async () => {
    const scene = await buildScene();
    const { controller } = scene;
    const { faults } = controller;
    const before = controller.world();
    for (let failAt = 1; ; failAt++) {
      faults.arm(failAt);
      const outcome = await operate(scene).then(
        () => undefined,
        (error: unknown) => error,
      );
      const steps = [...faults.log];
      faults.arm(0);
      if (outcome === undefined) {
        assert.ok(failAt > 1, "there is a step that can fail");
        break;
      }
      const failed = steps[failAt - 1];
      assert.match(String(outcome), new RegExp(`injected into ${failed}`));
      assert.ok(!(outcome instanceof AggregateError), `undoing ${failed} met errors`);
      assert.deepEqual(controller.world(), before, `after ${failed} failed, step ${failAt}`);
    }
  });
}

const deletions: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  "endpoint.leave": ({ joined, sandbox }) => joined.leave(sandbox),
  "endpoint.delete": ({ endpoint }) => endpoint.delete(),
  "endpoint.delete with force": ({ joined }) => joined.delete({ force: true }),
  "leave of the last on the gateway bridge": ({ carried }) => leaveIts(carried),
  "leave that brings on it": ({ other, both }) => both.endpoints()[1]?.leave(both) ?? assert.fail(other.name),
  "delete of one whose ports it had": ({ both }) =>
    both.endpoints()[0]?.delete({ force: true }) ?? assert.fail(),
  "sandbox.delete": ({ sandbox }) => sandbox.delete(),
  "sandbox.delete with its endpoints": ({ sandbox }) => sandbox.delete({ endpoints: "delete" }),
  "network.delete": async ({ controller }) => controller.networkByName("empty")?.delete(),
};

for (const [name, operate] of Object.entries(deletions)) {
  test(`${name}: what cannot be stored is not done; what fails later is tried again, and stops nothing else`, async () => {
    const build = async () => {
      const scene = await buildScene();
      await scene.controller.newNetwork("bridge", "empty");
      return scene;
    };
    const scene = await build();
    const before = scene.controller.world();
    scene.controller.faults.arm(1);
    await assert.rejects(operate(scene), /injected into store\.commit/);
    assert.deepEqual(scene.controller.world(), before);
    scene.controller.faults.arm(0);
    await operate(scene);
    const steps = [...scene.controller.faults.log];
    assert.ok(steps.length > 1);

    for (const [at, step] of steps.entries()) {
      if (at === 0) continue;
      const once = await build();
      once.controller.faults.arm(at + 1);
      await operate(once);
      once.controller.faults.arm(0);
      assert.deepEqual(left(once), left(scene), `after ${step} failed once`);

      const always = await build();
      always.controller.faults.arm(at + 1, { lasting: true });
      await assert.rejects(operate(always), isInjected);
      const done = new Set(always.controller.faults.log);
      assert.deepEqual(done, new Set(steps), `after ${step} failed, the rest was done`);
      always.controller.faults.arm(0);
      assert.deepEqual(left(always), left(scene), `after ${step} failed`);
    }
  });
}

/** What one step met, or several that called the same. */
function isInjected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isInjected);
  return /injected/.test(String(error));
}

async function leaveIts(endpoint: Endpoint): Promise<void> {
  const { sandbox } = endpoint;
  assert.ok(sandbox !== undefined);
  await endpoint.leave(sandbox);
}

/** What the model itself still knows. */
function left({ controller, network, other }: Scene) {
  return {
    networks: controller.networks().map(({ name }) => name),
    sandboxes: controller.sandboxes().map(({ name, ...sandbox }) => [name, sandbox]),
    endpoints: [network, other].map((one) => one.endpoints().map((item) => [item.name, item.sandbox?.name])),
    used: [network, other].map((one) => one.ipamStatus().map(({ used }) => used)),
  };
}
