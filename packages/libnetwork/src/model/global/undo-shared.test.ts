import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "../../../../../test/support/eventually.ts";
import type { Network } from "../../network.ts";
import type { Sandbox } from "../../sandbox.ts";
import type { SharedMemory } from "../../store/shared/memory-shared-store.ts";
import type { FakeController } from "../test-support.ts";
import { twoHosts } from "./test-support.ts";

interface Scene extends AsyncDisposable {
  readonly memory: SharedMemory;
  readonly controller: FakeController;
  readonly other: FakeController;
  /** On both hosts; an endpoint of the other is in it. */
  readonly network: Network;
  /** Of the first host, in nothing that is shared. */
  readonly sandbox: Sandbox;
  /** What all hosts share. */
  shared(): unknown;
}

const sharedKinds = ["network", "network-name", "network-going", "service", "service-going", "pool"];

async function buildScene(): Promise<Scene> {
  const hosts = await twoHosts();
  const { memory, controller, other } = hosts;
  const network = await controller.newNetwork("overlay", "web");
  const there = await eventually(() => other.networkByName("web") ?? assert.fail());
  await other.attach(there, { containerId: "there" });
  await network.addRecords([{ name: "gate", type: "A", address: "192.0.2.9" }]);
  const { sandbox } = await controller.attach(network, { containerId: "here" });
  await eventually(() => assert.equal(memory.entries(`peer.${network.id}`).length, 2));
  const shared = () =>
    [...sharedKinds, "held.a", "held.b", `address.${network.id}`, `peer.${network.id}`].map((kind) =>
      memory.entries(kind).map(([id, { value }]) => [kind, id, value]),
    );
  return {
    memory,
    controller,
    other,
    network,
    sandbox,
    shared,
    [Symbol.asyncDispose]: () => hosts[Symbol.asyncDispose](),
  };
}

const operations: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  newNetwork: ({ controller }) =>
    controller.newNetwork("overlay", "new", {
      ipam: { config: [{ subnet: "10.77.0.0/24", auxiliaryAddresses: { router: "10.77.0.9" } }] },
    }),
  createEndpoint: ({ network }) => network.createEndpoint("new"),
  attach: ({ controller, network }) => controller.attach(network, { containerId: "new" }),
  connect: ({ network, sandbox }) => network.connect(sandbox, "second"),
  createService: ({ network }) => network.createService("new"),
  addRecords: ({ network }) => network.addRecords([{ name: "db", type: "A", address: "192.0.2.1" }]),
};

describe("with a cluster", () => {
  for (const [name, operate] of Object.entries(operations)) {
    test(`${name}: whichever step fails, everything is as it was here and for all, and it can be done again`, async () => {
      await using scene = await buildScene();
      const { controller, shared } = scene;
      const { faults } = controller;
      const before = controller.world();
      const sharedBefore = shared();
      for (let failAt = 1; ; failAt++) {
        faults.arm(failAt);
        const outcome = await operate(scene).then(
          () => undefined,
          (error: unknown) => error,
        );
        const failed = faults.log[failAt - 1];
        faults.arm(0);
        if (outcome === undefined) {
          assert.ok(failAt > 1, "there is a step that can fail");
          break;
        }
        assert.match(String(outcome), new RegExp(`injected into ${failed}`));
        assert.deepEqual(shared(), sharedBefore, `shared, after ${failed} failed, step ${failAt}`);
        await eventually(() =>
          assert.deepEqual(controller.world(), before, `after ${failed} failed, step ${failAt}`),
        );
      }
    });
  }

  test("what two hosts have of a network is what the store implies, and nothing is left of it", async () => {
    await using scene = await buildScene();
    const { controller, other, network, memory, sandbox } = scene;
    const records = await network.addRecords([{ name: "db", type: "A", address: "192.0.2.1" }]);
    await eventually(() => assert.deepEqual(other.networkByName("web")?.records(), records));
    await assert.rejects(network.delete(), { code: "network_has_endpoints" });
    await sandbox.delete({ endpoints: "delete" });
    await assert.rejects(network.delete(), { code: "network_has_endpoints", detail: { hosts: ["b"] } });
    await other.sandboxByContainerId("there")?.delete({ endpoints: "delete" });
    await network.delete();
    await eventually(() => assert.equal(other.networkByName("web"), undefined));
    for (const kind of [...sharedKinds, "held.a", "held.b"]) assert.deepEqual(memory.entries(kind), [], kind);
    assert.deepEqual(controller.networks(), []);
  });
});

test("uninstalling a host leaves the cluster's networks to the others, and gives its place up at once", async () => {
  await using scene = await buildScene();
  const { controller, other, memory, sandbox } = scene;
  await assert.rejects(controller.uninstall(), { code: "networks_left" });
  await sandbox.delete({ endpoints: "delete" });
  await controller.uninstall();
  for (const kind of ["host", "host-claim", "holder"])
    assert.deepEqual(
      memory.entries(kind).map(([id]) => id),
      ["b"],
      kind,
    );
  assert.ok(other.networkByName("web") !== undefined);
});
