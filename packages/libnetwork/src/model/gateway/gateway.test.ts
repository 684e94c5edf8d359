import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Sandbox } from "../../sandbox.ts";
import { markLost } from "../lost.ts";
import { programmed, scene, web } from "./gateway-test-support.ts";

describe("the gateway bridge", () => {
  it("is made when the first sandbox needs it, in the sandbox's own transaction", async () => {
    const { controller, network, attach, calls, bridge } = await scene();
    const plugin = await network("plugin", "p");
    assert.equal(bridge(), undefined);
    calls();
    const sandbox = await attach(plugin, "web");
    assert.equal(calls().filter((call) => call === "store.commit").length, 2, "the bridge, and the rest");
    const [endpoint] = bridge()?.endpoints() ?? [];
    assert.deepEqual([bridge()?.predefined, bridge()?.gatewayBridge], [true, true]);
    assert.equal(bridge()?.driverOptions.icc, false);
    assert.equal(endpoint?.name, `gateway_${sandbox.id.slice(0, 12)}`);
    assert.equal(sandbox.gateway(4), endpoint);
    assert.deepEqual(
      sandbox.endpoints().map(({ name }) => name),
      ["web"],
      "it is not among those that somebody made",
    );
    await attach(plugin, "other");
    assert.equal(calls().filter((call) => call === "store.commit").length, 1);
    assert.equal(bridge()?.endpoints().length, 2);
    await controller.close();
  });

  it("goes with the last endpoint that needed it", async () => {
    const { controller, network, attach, bridge } = await scene();
    const [a, b] = [await network("plugin", "a"), await network("plugin", "b")];
    const sandbox = await attach(a, "web");
    const second = await b.connect(sandbox, "second");
    await a.endpointByName("web")?.leave(sandbox);
    assert.equal(bridge()?.endpoints().length, 1, "the second needs it still");
    await second.delete({ force: true });
    assert.equal(bridge()?.endpoints().length, 0);
    assert.equal(sandbox.gateway(4), undefined);
    await controller.close();
  });

  it("goes when another network gives a gateway, and comes back when that leaves", async () => {
    const { controller, network, attach, bridge } = await scene();
    const sandbox = await attach(await network("plugin", "p"), "web");
    const own = await (await network("bridge", "b")).connect(sandbox, "own");
    assert.deepEqual([bridge()?.endpoints().length, sandbox.gateway(4)], [0, own]);
    await own.leave(sandbox);
    assert.equal(bridge()?.endpoints().length, 1);
    assert.equal(sandbox.gateway(4)?.network, bridge());
    await controller.close();
  });

  it("is not for those that are internal, decline, have a default route, a gateway, or no stack of their own", async () => {
    const { controller, network, attach, bridge } = await scene();
    await attach(await network("plugin", "internal", {}, true), "internal");
    await attach(await network("plugin", "declines", { declines: true }), "declines");
    await attach(await network("plugin", "routed", { defaultRoute: true }), "routed");
    await attach(await network("plugin", "gateway", { gateway: true }), "gateway");
    const waiting = await controller.newSandbox("waiting", { externalKey: true });
    const plain = await network("plugin", "plain");
    await plain.connect(waiting, "waiting");
    assert.equal(bridge(), undefined);
    await waiting.setKey("/elsewhere");
    assert.equal(waiting.gateway(4)?.network, bridge());
    await controller.close();
  });

  it("is not there where the controller is to have none", async () => {
    const { controller, network, attach, bridge } = await scene({ gatewayBridge: false });
    await attach(await network("plugin", "p"), "web");
    assert.equal(bridge(), undefined);
    await controller.close();
  });

  it("is nobody's to change", async () => {
    const { controller, network, attach, bridge } = await scene();
    const plugin = await network("plugin", "p");
    const sandbox = await attach(plugin, "web");
    const gateway = sandbox.gateway(4);
    assert.ok(gateway !== undefined);
    const refused = { code: "endpoint_of_gateway_bridge" };
    await assert.rejects(gateway.leave(sandbox), refused);
    await assert.rejects(gateway.join(sandbox), refused);
    await assert.rejects(gateway.delete({ force: true }), refused);
    await assert.rejects(gateway.publish(web.publish), refused);
    await assert.rejects(gateway.unpublish([{}]), refused);
    await assert.rejects(gateway.updateNames({ aliases: ["x"] }), refused);
    await assert.rejects(async () => bridge()?.createEndpoint("x"), { code: "network_is_gateway_bridge" });
    await assert.rejects(async () => bridge()?.connect(sandbox, "x"), { code: "network_is_gateway_bridge" });
    await assert.rejects(async () => bridge()?.delete(), { code: "network_predefined" });
    assert.deepEqual(bridge()?.names(), []);
    for (const endpoint of sandbox.endpoints()) await endpoint.leave(sandbox);
    assert.equal(bridge()?.endpoints().length, 0);
    await sandbox.delete();
    await controller.close();
  });

  it("goes with its sandbox, whose other endpoints stay", async () => {
    const { controller, network, attach, bridge } = await scene();
    const plugin = await network("plugin", "p");
    const sandbox = await attach(plugin, "web");
    await sandbox.delete({ endpoints: "keep" });
    assert.deepEqual([bridge()?.endpoints().length, plugin.endpoints().length], [0, 1]);
    await controller.close();
  });

  it("goes with a sandbox that was lost", async () => {
    const { controller, network, attach, bridge, calls } = await scene();
    const plugin = await network("plugin", "p");
    const sandbox = await attach(plugin, "web", web);
    calls();
    await markLost(Sandbox.core(sandbox));
    assert.deepEqual(calls(), ["plugin.leave", "driver.leave"]);
    assert.equal(bridge()?.endpoints().length, 1, "with its ports, until the sandbox is deleted");
    await sandbox.delete();
    assert.deepEqual([bridge()?.endpoints().length, plugin.endpoints().length], [0, 1]);
    await controller.close();
  });

  it("does not take somebody else's network of its name", async () => {
    const { controller, network, attach } = await scene();
    await network("bridge", "causeway_gwbridge");
    const plugin = await network("plugin", "p");
    const before = controller.world();
    await assert.rejects(attach(plugin, "web"), {
      code: "network_name_in_use",
      message: /delete it, or choose another name/,
    });
    assert.deepEqual(controller.world(), before);
    await controller.close();
  });
});

describe("ports of a network whose driver publishes none", () => {
  it("lead to the endpoint on the gateway bridge, and follow what is published", async () => {
    const { controller, network, attach, bridge } = await scene();
    const plugin = await network("plugin", "p");
    const sandbox = await attach(plugin, "web", web);
    const endpoint = plugin.endpointByName("web");
    const ports = () =>
      bridge()
        ?.endpoints()[0]
        ?.record.state.bindings.map(({ hostPort }) => hostPort);
    assert.deepEqual(ports(), [8080]);
    assert.deepEqual(
      endpoint?.bindings.map(({ hostPort }) => hostPort),
      [8080],
    );
    await endpoint?.publish([{ hostPort: 8081, containerPort: 81 }]);
    assert.deepEqual(ports(), [8080, 8081]);
    await endpoint?.unpublish([{ containerPort: 80 }]);
    assert.deepEqual(ports(), [8081]);
    await assert.rejects(async () => endpoint?.unpublish([{ containerPort: 80 }]), {
      code: "binding_not_found",
    });
    const second = await (await network("plugin", "q")).connect(sandbox, "second", web);
    assert.deepEqual(ports(), [8081, 8080]);
    await second.leave(sandbox);
    assert.deepEqual(ports(), [8081]);
    assert.deepEqual(second.bindings, [], "nobody leads to it meanwhile");
    await controller.close();
  });

  it("are told to the driver of the way out, where it gives one", async () => {
    const { controller, network, attach, bridge, calls } = await scene();
    const plugin = await network("plugin", "p", { gateway: true });
    calls();
    const sandbox = await attach(plugin, "web", { ...web, exposedPorts: ["443/tcp"] });
    const endpoint = plugin.endpointByName("web");
    assert.equal(bridge(), undefined);
    const wanted = [{ protocol: "tcp", containerPort: 80, hostPort: 8080, hostPortEnd: 8080 }];
    assert.deepEqual(programmed(controller), [
      [endpoint?.id, { publish: wanted, exposedPorts: ["443/tcp"] }],
    ]);
    const ofPlugin = () => calls().filter((call) => call.startsWith("plugin."));
    assert.deepEqual(ofPlugin(), [
      "plugin.createEndpoint",
      "plugin.join",
      "plugin.programExternalConnectivity",
    ]);
    await endpoint?.publish([{ hostPort: 8081, containerPort: 81 }]);
    assert.deepEqual(ofPlugin(), ["plugin.revokeExternalConnectivity", "plugin.programExternalConnectivity"]);
    await sandbox.delete({ endpoints: "delete" });
    assert.deepEqual(ofPlugin(), [
      "plugin.revokeExternalConnectivity",
      "plugin.leave",
      "plugin.deleteEndpoint",
    ]);
    assert.deepEqual(programmed(controller), []);
    await controller.close();
  });

  it("get an endpoint on the gateway bridge where the way out is another driver's", async () => {
    const { controller, network, attach, bridge } = await scene();
    const sandbox = await attach(await network("bridge", "b"), "web");
    const own = sandbox.gateway(4);
    await (await network("plugin", "p")).connect(sandbox, "p", web);
    const [gateway] = bridge()?.endpoints() ?? [];
    assert.deepEqual(
      gateway?.bindings.map(({ hostPort }) => hostPort),
      [8080],
    );
    assert.equal(sandbox.gateway(4), own, "it is the last to be the way out");
    await controller.close();
  });

  it("are refused in internal networks", async () => {
    const { controller, network } = await scene();
    const internal = await network("plugin", "i", {}, true);
    await assert.rejects(internal.createEndpoint("e", web), { code: "publish_internal" });
    const endpoint = await internal.createEndpoint("e");
    await assert.rejects(endpoint.publish(web.publish), { code: "publish_internal" });
    await controller.close();
  });
});

describe("who is told to be the way out", () => {
  it("is the one of the highest priority, and the one before is revoked first", async () => {
    const { controller, network, attach, calls } = await scene();
    const ofPlugin = () => calls().filter((call) => call.startsWith("plugin."));
    const a = await network("plugin", "a", { gateway: true });
    const sandbox = await attach(a, "web", web);
    const first = a.endpointByName("web");
    const b = await network("plugin", "b", { gateway: true });
    ofPlugin();
    const low = await b.connect(sandbox, "low", { gatewayPriority: -1 });
    assert.deepEqual(ofPlugin(), ["plugin.createEndpoint", "plugin.join"], "the first stays");
    await low.delete({ force: true });
    assert.deepEqual(ofPlugin(), ["plugin.leave", "plugin.deleteEndpoint"]);
    const high = await b.connect(sandbox, "high", { gatewayPriority: 1 });
    assert.deepEqual(ofPlugin(), [
      "plugin.createEndpoint",
      "plugin.join",
      "plugin.revokeExternalConnectivity",
      "plugin.programExternalConnectivity",
    ]);
    assert.deepEqual(
      programmed(controller).map(([id]) => id),
      [high.id],
    );
    await high.leave(sandbox);
    assert.deepEqual(ofPlugin(), [
      "plugin.revokeExternalConnectivity",
      "plugin.leave",
      "plugin.programExternalConnectivity",
    ]);
    assert.deepEqual(
      programmed(controller).map(([id]) => id),
      [first?.id],
    );
    await controller.close();
  });

  it("is rolled back where it cannot be, and the one before is told again", async () => {
    const { controller, network, attach } = await scene();
    const a = await network("plugin", "a", { gateway: true });
    const sandbox = await attach(a, "web", web);
    const b = await network("plugin", "b", { gateway: true });
    const before = controller.world();
    const join = () => b.connect(sandbox, "high", { gatewayPriority: 1 });
    controller.faults.arm(0);
    await (await join()).delete({ force: true });
    const at = controller.faults.log.indexOf("plugin.programExternalConnectivity") + 1;
    assert.ok(at > 0);
    assert.deepEqual(controller.world(), before);
    controller.faults.arm(at);
    await assert.rejects(join(), /injected into plugin.programExternalConnectivity/);
    controller.faults.arm(0);
    assert.deepEqual(controller.world(), before);
    await controller.close();
  });

  it("is told although the one before could not be revoked, which is told of", async () => {
    const { controller, network, attach } = await scene();
    const a = await network("plugin", "a", { gateway: true });
    const sandbox = await attach(a, "web", web);
    const b = await network("plugin", "b", { gateway: true });
    const join = () => b.connect(sandbox, "high", { gatewayPriority: 1 });
    controller.faults.arm(0);
    await (await join()).delete({ force: true });
    const at = controller.faults.log.indexOf("plugin.revokeExternalConnectivity") + 1;
    const events = controller.events();
    controller.faults.arm(at, { lasting: true });
    const high = await join();
    controller.faults.arm(0);
    assert.equal(sandbox.gateway(4), high);
    await controller.close();
    const told: string[] = [];
    for await (const { type, attributes } of events)
      if (type === "sandbox:gateway-trouble") told.push(attributes.error ?? "");
    assert.deepEqual(told, ["injected into plugin.revokeExternalConnectivity"]);
  });
});
