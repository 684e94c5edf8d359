// The gateway bridge, with packets: sandboxes on networks of a plugin that gives no gateway get out by it, and what they publish leads in.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { link } from "@causeway/kernel";
import type { NetworkController, Sandbox } from "@causeway/libnetwork";
import { type BridgePluginOptions, pluginScene } from "../support/bridge-plugin.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf, type TestHostOptions } from "../support/host.ts";
import { inside, interfacesOf, wayOut } from "../support/inside.ts";
import { Outside } from "../support/outside.ts";
import { ipv4Only, reaches } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";

const outsidePort = 7000;
const web = { publish: [{ hostPort: 8080, containerPort: 80 }] };
const decline: BridgePluginOptions["network"] = {
  join: ({ EndpointID }) => ({
    InterfaceName: { SrcName: `pv${EndpointID.slice(0, 10)}`, DstPrefix: "eth" },
    DisableGatewayService: true,
  }),
};

/** A host with a machine outside, and a plugin that gives no gateway. */
async function scene(t: TestContext, plugin: BridgePluginOptions = {}, options: TestHostOptions = {}) {
  const made = await pluginScene(t, { gateway: false, ...plugin }, options);
  const outside = new Outside(made.host);
  const network = (name: string, number: number, more = {}) =>
    made.host.controller.newNetwork("mynet", name, {
      ipam: { config: [{ subnet: `10.50.${number}.0/24` }] },
      ...more,
    });
  /** The address that the machine outside sees a sandbox come from. */
  const seenOutside = async (sandbox: Sandbox) => {
    await using _server = await serve(outside.namespace, { port: outsidePort });
    using inner = namespaceOf(sandbox);
    return await ask(inner, { address: outside.ipv4, port: outsidePort });
  };
  /** What a sandbox sees the machine outside come from, by a port of the host. */
  const seenInside = async (sandbox: Sandbox, hostPort: number) => {
    using inner = namespaceOf(sandbox);
    await using _server = await serve(inner, { port: 80 });
    return await ask(outside.namespace, { address: outside.hostIpv4, port: hostPort });
  };
  return {
    ...made,
    outside,
    network,
    seenOutside,
    seenInside,
    [Symbol.dispose]: () => outside[Symbol.dispose](),
  };
}

const gatewaysOf = (controller: NetworkController) =>
  controller.networkByName("causeway_gwbridge")?.endpoints() ?? [];
describe("a sandbox on a network without gateway", () => {
  it("gets out by the gateway bridge, and is reached at what it publishes and nowhere else", async (t) => {
    using things = await scene(t);
    const { host, outside, network, seenOutside, seenInside } = things;
    const { controller } = host;
    const plugin = await network("n", 1);
    const { sandbox, endpoint } = await controller.attach(plugin, { containerId: "web", endpoint: web });
    const [gateway] = gatewaysOf(controller);
    const address = gateway?.ipv4?.split("/")[0] ?? assert.fail("it is on the gateway bridge");
    assert.deepEqual(interfacesOf(sandbox).sort(), ["eth0", "eth1"]);
    assert.match(wayOut(sandbox, 4) ?? "", / by eth1$/);
    assert.equal(await seenOutside(sandbox), outside.hostIpv4, "by the host's address");
    assert.equal(await seenInside(sandbox, 8080), outside.ipv4);
    assert.equal(await seenInside(sandbox, 8081), undefined);
    outside.routeTo("172.16.0.0/12");
    using inner = namespaceOf(sandbox);
    await using _server = await serve(inner, { port: 81 });
    assert.equal(await ask(outside.namespace, { address, port: 81 }), undefined, "at its own address");
    assert.deepEqual([...new Set(endpoint.bindings.map(({ hostPort }) => hostPort))], [8080]);
    const found = host.rtnl.findLink({ name: "causeway_gw" });
    assert.equal(found?.info?.kind, "bridge");
  });

  it("reaches others of its network by that, and nobody by the gateway bridge", async (t) => {
    using things = await scene(t);
    const { host, network } = things;
    const { controller } = host;
    const plugin = await network("n", 1);
    const [a, b] = [
      await controller.attach(plugin, { containerId: "a" }),
      await controller.attach(plugin, { containerId: "b" }),
    ];
    const [, gatewayOfB] = gatewaysOf(controller);
    const address = gatewayOfB?.ipv4?.split("/")[0] ?? assert.fail();
    assert.equal(await reaches(a.sandbox, b.sandbox, "10.50.1.3"), "10.50.1.2");
    assert.equal(await reaches(a.sandbox, b.sandbox, address, 400), undefined);
  });

  it("loses it with the last endpoint that needs it, and with a network that gives a gateway", async (t) => {
    using things = await scene(t);
    const { host, outside, network, seenOutside, seenInside } = things;
    const { controller } = host;
    const plugin = await network("n", 1);
    const { sandbox, endpoint } = await controller.attach(plugin, { containerId: "web" });
    await endpoint.leave(sandbox);
    assert.deepEqual([gatewaysOf(controller), interfacesOf(sandbox)], [[], []]);
    assert.equal(await seenOutside(sandbox), undefined);
    await endpoint.join(sandbox);
    assert.equal(await seenOutside(sandbox), outside.hostIpv4);

    const bridge = await ipv4Only(host, "bridge", 1);
    const own = await bridge.connect(sandbox, "own");
    assert.equal(gatewaysOf(controller).length, 0);
    assert.match(wayOut(sandbox, 4) ?? "", /^172\.30\.1\.1 by /);
    assert.equal(await seenOutside(sandbox), outside.hostIpv4);

    await endpoint.publish(web.publish);
    assert.equal(gatewaysOf(controller).length, 1, "for the port alone");
    assert.match(wayOut(sandbox, 4) ?? "", /^172\.30\.1\.1 by /);
    assert.equal(await seenInside(sandbox, 8080), outside.ipv4);
    await endpoint.unpublish([{ containerPort: 80 }]);
    assert.deepEqual([gatewaysOf(controller).length, await seenInside(sandbox, 8080)], [0, undefined]);

    await own.leave(sandbox);
    assert.equal(gatewaysOf(controller).length, 1);
    assert.equal(await seenOutside(sandbox), outside.hostIpv4);
  });

  it("has no way out where the network is internal, the plugin declines, or there is to be no gateway bridge", async (t) => {
    using things = await scene(t);
    const { host, network, seenOutside } = things;
    const internal = await network("internal", 1, { internal: true });
    const { sandbox } = await host.controller.attach(internal, { containerId: "internal" });
    assert.deepEqual([interfacesOf(sandbox), await seenOutside(sandbox)], [["eth0"], undefined]);
    const plain = await network("plain", 2);
    const other = await host.controller.attach(plain, { containerId: "other" });
    assert.notEqual(await seenOutside(other.sandbox), undefined, "the others have one");

    await host.restart({ ...host.options, gatewayNetwork: false });
    const { controller } = host;
    const kept = controller.sandboxByContainerId("other") ?? assert.fail();
    await eventually(() => assert.deepEqual(interfacesOf(kept), ["eth0"]));
    assert.equal(await seenOutside(kept), undefined);
    assert.equal(controller.networkByName("causeway_gwbridge"), undefined);
    await host.restart({ ...host.options, gatewayNetwork: { name: "gw", bridgeName: "gw0" } });
    assert.notEqual(
      await seenOutside(host.controller.sandboxByContainerId("other") ?? assert.fail()),
      undefined,
    );
    assert.notEqual(host.rtnl.findLink({ name: "gw0" }), undefined);
  });

  it("has none where the plugin says DisableGatewayService", async (t) => {
    using things = await scene(t, { network: decline });
    const { host, network, seenOutside } = things;
    const { sandbox } = await host.controller.attach(await network("n", 1), { containerId: "web" });
    assert.deepEqual([interfacesOf(sandbox), await seenOutside(sandbox)], [["eth0"], undefined]);
    assert.deepEqual(gatewaysOf(host.controller), []);
  });

  it("is told of by the doctor where it publishes ports, and nobody gives it a way out that would", async (t) => {
    using things = await scene(t, { network: decline });
    const { host, network, seenInside } = things;
    const { controller } = host;
    const { sandbox, endpoint } = await controller.attach(await network("n", 1), {
      containerId: "web",
      endpoint: web,
    });
    assert.equal(await seenInside(sandbox, 8080), undefined);
    const found = async () =>
      (await controller.inspectHealth()).items.map(({ code, message }) => [code, message]);
    await endpoint.unpublish([{ containerPort: 80 }]);
    assert.deepEqual(await found(), []);
    assert.deepEqual(await endpoint.publish(web.publish), [], "no more than when it was made");
    assert.deepEqual(await found(), [
      [
        "ports_unreachable",
        "what it publishes leads nowhere (80/tcp): none of its networks gives it a way out that publishes ports",
      ],
    ]);
    await sandbox.delete({ endpoints: "delete" });
    assert.deepEqual(await found(), []);
  });

  it("is on a bridge of another name where somebody has ours", async (t) => {
    using things = await scene(t);
    const { host, network, outside, seenOutside } = things;
    host.rtnl.execute(link.create({ name: "causeway_gw", info: { kind: "bridge" } }));
    const { sandbox } = await host.controller.attach(await network("n", 1), { containerId: "web" });
    assert.equal(await seenOutside(sandbox), outside.hostIpv4);
    const { index } = host.rtnl.query(link.get({ name: "causeway_gw" }));
    assert.ok(host.rtnl.dump(link.list()).every(({ master }) => master !== index));
    host.rtnl.execute(link.remove({ name: "causeway_gw" }));
  });

  it("is found without it by the doctor where it could not be made, and gets it by a repair", async (t) => {
    using things = await scene(t);
    const { host, outside, network, seenOutside } = things;
    const { controller } = host;
    const taken = await ipv4Only(host, "causeway_gwbridge", 2);
    const bridge = await ipv4Only(host, "bridge", 1);
    const { sandbox, endpoint } = await controller.attach(bridge, { containerId: "web" });
    await (await network("n", 1)).connect(sandbox, "web");
    await assert.rejects(endpoint.leave(sandbox), { code: "network_name_in_use" });
    assert.equal(endpoint.sandbox, undefined, "it has left all the same");
    const codes = async () => (await controller.inspectHealth()).items.map(({ code }) => code);
    assert.deepEqual(await codes(), ["gateway_missing"]);
    await taken.delete();
    await controller.repair();
    assert.deepEqual(await codes(), []);
    assert.equal(await seenOutside(sandbox), outside.hostIpv4);
  });

  it("has it over a restart, and in the topology, where the ports are drawn at it", async (t) => {
    using things = await scene(t);
    const { host, network, outside, seenOutside, seenInside } = things;
    await host.controller.attach(await network("n", 1), { containerId: "web", endpoint: web });
    const before = gatewaysOf(host.controller).map(({ id }) => id);
    await host.restart();
    const sandbox = host.controller.sandboxByContainerId("web") ?? assert.fail();
    assert.deepEqual(
      gatewaysOf(host.controller).map(({ id }) => id),
      before,
    );
    assert.equal(await seenOutside(sandbox), outside.hostIpv4);
    assert.equal(await seenInside(sandbox, 8080), outside.ipv4);
    assert.deepEqual((await host.controller.inspectHealth()).items, []);
    const { endpoints, networks } = await host.controller.topology();
    const published = endpoints.filter(({ bindings }) => bindings.length > 0);
    assert.deepEqual(
      published.map(({ networkId }) => networks.find(({ id }) => id === networkId)?.name),
      ["causeway_gwbridge"],
    );
    assert.deepEqual(
      inside(sandbox, (rtnl) => rtnl.dump(link.list())).length,
      3,
      "loopback, the plugin's, the gateway bridge's",
    );
  });
});

describe("a plugin whose network gives the gateway", () => {
  it("is told that it is the way out, with the sandbox's ports, and the one before is revoked first", async (t) => {
    const { plugin, controller } = await pluginScene(t);
    const subnet = (number: number) => ({ ipam: { config: [{ subnet: `10.50.${number}.0/24` }] } });
    const a = await controller.newNetwork("mynet", "a", subnet(1));
    const b = await controller.newNetwork("mynet", "b", subnet(2));
    plugin.calls();
    const first = await controller.attach(a, { containerId: "web", endpoint: web });
    const told = plugin.asked.find(({ method }) => method === "programExternalConnectivity")?.request;
    assert.deepEqual(told, {
      NetworkID: a.id,
      EndpointID: first.endpoint.id,
      Options: {
        "com.docker.network.endpoint.exposedports": [{ Proto: 6, Port: 80 }],
        "com.docker.network.portmap": [
          { Proto: 6, IP: "", Port: 80, HostIP: "", HostPort: 8080, HostPortEnd: 8080 },
        ],
      },
    });
    const order = () =>
      plugin.asked
        .splice(0)
        .filter(({ method }) => /^(leave|join|.*Connectivity)$/.test(method))
        .map(({ method, request }) => {
          const { NetworkID } = request as { readonly NetworkID: string };
          return `${method} ${NetworkID === a.id ? "a" : "b"}`;
        });
    order();
    const second = await b.connect(first.sandbox, "high", { gatewayPriority: 1 });
    const become = ["join b", "revokeExternalConnectivity a", "programExternalConnectivity b"];
    assert.deepEqual(order(), become);
    await second.leave(first.sandbox);
    assert.deepEqual(order(), ["revokeExternalConnectivity b", "leave b", "programExternalConnectivity a"]);
    await first.sandbox.delete({ endpoints: "delete" });
    assert.deepEqual(order(), ["revokeExternalConnectivity a", "leave a"]);
  });

  it("is not told again after a restart, and is revoked when it leaves then", async (t) => {
    const { host, plugin, controller } = await pluginScene(t);
    const network = await controller.newNetwork("mynet", "n", {
      ipam: { config: [{ subnet: "10.50.1.0/24" }] },
    });
    await controller.attach(network, { containerId: "web", endpoint: web });
    plugin.calls();
    await host.restart();
    assert.deepEqual(plugin.calls(), []);
    const sandbox = host.controller.sandboxByContainerId("web") ?? assert.fail();
    await sandbox.endpoints()[0]?.leave(sandbox);
    assert.deepEqual(plugin.calls(), ["revokeExternalConnectivity", "leave"]);
  });

  it("that refuses to be it has the join undone, in the recorded order", async (t) => {
    const refuse = () => {
      throw new Error("no port 8080 here");
    };
    const { plugin, controller } = await pluginScene(t, { network: { programExternalConnectivity: refuse } });
    const network = await controller.newNetwork("mynet", "n", {
      ipam: { config: [{ subnet: "10.50.1.0/24" }] },
    });
    plugin.calls();
    await assert.rejects(
      controller.attach(network, { containerId: "web", endpoint: web }),
      /no port 8080 here/,
    );
    assert.deepEqual(plugin.calls(), [
      "createEndpoint",
      "join",
      "programExternalConnectivity",
      "leave",
      "deleteEndpoint",
    ]);
    assert.deepEqual([controller.sandboxes(), network.endpoints()], [[], []]);
  });
});
