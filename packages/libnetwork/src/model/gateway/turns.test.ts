// What is stored and told when ways out change, several at once and past failures.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FakeController } from "../test-support.ts";
import { scene, web } from "./gateway-test-support.ts";

interface World {
  readonly records: readonly (readonly { readonly id: string; readonly value: unknown }[])[];
  readonly endpoints: readonly { readonly id: string }[];
}

/** Fails where the endpoints that are stored are others than those that there are. */
function assertStored(controller: FakeController): void {
  const { records, endpoints } = controller.world() as World;
  const byId = (one: { readonly id: string }, other: { readonly id: string }) => (one.id < other.id ? -1 : 1);
  const stored = records[1]?.map(({ value }) => value) ?? [];
  // As it is written: without what is undefined.
  assert.deepEqual(stored, JSON.parse(JSON.stringify(endpoints.toSorted(byId))));
}

describe("what is stored of a way out", () => {
  it("is what there is, after each change of its ports and of itself", async () => {
    const { controller, network, attach, bridge } = await scene();
    const sandbox = await attach(await network("plugin", "p"), "web", web);
    assertStored(controller);
    const endpoint = controller.networkByName("p")?.endpointByName("web");
    assert.ok(endpoint !== undefined);
    await endpoint.publish([{ hostPort: 8081, containerPort: 81 }]);
    assertStored(controller);
    await endpoint.publish([{ hostPort: 8081, containerPort: 81 }]);
    assert.equal(endpoint.record.options.publish.length, 2, "it was published already");
    await endpoint.unpublish([{ containerPort: 80 }]);
    assertStored(controller);
    const second = await (await network("plugin", "q")).connect(sandbox, "second", web);
    assertStored(controller);
    await second.leave(sandbox);
    assertStored(controller);
    await endpoint.unpublish([{}]);
    const own = await (await network("bridge", "b")).connect(sandbox, "own");
    assert.equal(bridge()?.endpoints().length, 0);
    assertStored(controller);
    await own.leave(sandbox);
    assertStored(controller);
    await controller.close();
  });
});

describe("the way out of a sandbox", () => {
  it("is told of when it is made, as any endpoint is", async () => {
    const { controller, network, attach } = await scene();
    const plugin = await network("plugin", "p");
    const events = controller.events();
    const sandbox = await attach(plugin, "web");
    const gateway = sandbox.gateway(4)?.id;
    await controller.close();
    const told: string[] = [];
    for await (const { type, id, attributes } of events)
      if ((attributes.endpoint ?? id) === gateway) told.push(type);
    assert.ok(told.includes("endpoint:create"), String(told));
    assert.ok(told.includes("endpoint:join"), String(told));
  });

  it("may be wanted by several at once: one bridge is made for all", async () => {
    const { controller, network, attach, bridge } = await scene();
    const plugin = await network("plugin", "p");
    await Promise.all(["a", "b", "c"].map((name) => attach(plugin, name)));
    assert.equal(bridge()?.endpoints().length, 3);
    assert.equal(controller.networks().filter(({ gatewayBridge }) => gatewayBridge).length, 1);
    await controller.close();
  });

  it("is any other endpoint before the one on the gateway bridge, however low its priority", async () => {
    const { controller, network, attach, bridge } = await scene();
    const sandbox = await attach(await network("plugin", "p"), "web", web);
    const bridged = await network("bridge", "b");
    const own = await bridged.connect(sandbox, "own", { gatewayPriority: -2147483647 });
    assert.equal(bridge()?.endpoints().length, 1, "for the ports");
    assert.equal(sandbox.gateway(4), own);
    await controller.close();
  });

  it("that cannot be taken away is told of, and what was asked for is done", async () => {
    const { controller, network, attach } = await scene();
    const sandbox = await attach(await network("plugin", "p"), "web");
    const bridged = await network("bridge", "b");
    controller.faults.arm(0);
    await (await bridged.connect(sandbox, "own")).delete({ force: true });
    const at = controller.faults.log.indexOf("driver.leave") + 1;
    const events = controller.events();
    controller.faults.arm(at, { lasting: true });
    const own = await bridged.connect(sandbox, "own");
    controller.faults.arm(0);
    assert.equal(sandbox.gateway(4), own);
    await controller.close();
    const told: string[] = [];
    for await (const { type, attributes } of events)
      if (type === "sandbox:gateway-trouble") told.push(attributes.error ?? "");
    assert.deepEqual(told, ["injected into driver.leave"]);
  });

  it("whose driver could not be told that it is no more is told that it is again", async () => {
    const { controller, network, attach, calls } = await scene();
    const sandbox = await attach(await network("plugin", "a", { gateway: true }), "web", web);
    const b = await network("plugin", "b", { gateway: true });
    const join = () => b.connect(sandbox, "high", { gatewayPriority: 1 });
    controller.faults.arm(0);
    await (await join()).delete({ force: true });
    const at = controller.faults.log.indexOf("plugin.revokeExternalConnectivity") + 1;
    controller.faults.arm(at);
    const high = await join();
    calls();
    await high.leave(sandbox);
    assert.deepEqual(
      calls().filter((call) => call.startsWith("plugin.")),
      ["plugin.revokeExternalConnectivity", "plugin.leave", "plugin.programExternalConnectivity"],
    );
    await controller.close();
  });
});

describe("a wish for ports of an endpoint that has not joined", () => {
  it("can be taken back", async () => {
    const { controller, network } = await scene();
    const plugin = await network("plugin", "p");
    const endpoint = await plugin.createEndpoint("e", web);
    await endpoint.unpublish([{ containerPort: 80 }]);
    assert.deepEqual(endpoint.record.options.publish, []);
    await assert.rejects(endpoint.unpublish([{ containerPort: 80 }]), { code: "binding_not_found" });
    await controller.close();
  });
});
