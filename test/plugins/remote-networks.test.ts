// Networks of a plugin, with packets: what it makes on the host is moved into sandboxes and back.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link } from "@causeway/kernel";
import { bridgeName, linkName, pluginScene } from "../support/bridge-plugin.ts";
import { eventually } from "../support/eventually.ts";
import { addressesOf, inside, interfacesOf, wayOut } from "../support/inside.ts";
import { reaches } from "../support/scenes.ts";

const dual = { ipam: { config: [{ subnet: "10.50.0.0/24" }, { subnet: "fd50::/64" }] } };

describe("a network of a plugin", () => {
  it("carries packets between sandboxes, in both families, and takes everything back", async (t) => {
    const { host, plugin, controller } = await pluginScene(t);
    const network = await controller.newNetwork("mynet", "n", dual);
    const before = controller.statistics().storeCommits.count;
    const a = await controller.attach(network, { containerId: "a" });
    // Before CreateEndpoint, before Join, before the link is moved, and what was made.
    assert.equal(controller.statistics().storeCommits.count - before, 4);
    const b = await controller.attach(network, { containerId: "b" });
    const attach = ["createEndpoint", "join", "programExternalConnectivity"];
    assert.deepEqual(plugin.calls(), ["createNetwork", ...attach, ...attach]);
    assert.deepEqual(interfacesOf(a.sandbox), ["eth0"]);
    assert.deepEqual(addressesOf(a.sandbox, "eth0"), ["10.50.0.2/24", "fd50::2/64"]);
    assert.equal(wayOut(a.sandbox, 4), "10.50.0.1 by eth0");
    assert.equal(await reaches(a.sandbox, b.sandbox, "10.50.0.3"), "10.50.0.2");
    assert.equal(await reaches(a.sandbox, b.sandbox, "fd50::3"), "fd50::2");

    const found = inside(a.sandbox, (rtnl) => rtnl.query(link.get({ name: "eth0" })));
    assert.equal(found.alias, undefined, "it is the plugin's");
    assert.equal(a.endpoint.mac, found.address, "nobody chose one: the link's own");
    assert.equal(host.rtnl.findLink({ name: linkName(a.endpoint.id) }), undefined);

    await a.endpoint.leave(a.sandbox);
    assert.deepEqual(plugin.calls(), ["revokeExternalConnectivity", "leave"]);
    assert.deepEqual(interfacesOf(a.sandbox), []);
    const back = host.rtnl.query(link.get({ name: linkName(a.endpoint.id) }));
    assert.equal(link.isUp(back), false);
    assert.equal(a.endpoint.mac, "");
    assert.equal(await reaches(b.sandbox, a.sandbox, "10.50.0.2"), undefined);

    await a.endpoint.join(a.sandbox);
    assert.equal(await reaches(b.sandbox, a.sandbox, "10.50.0.2"), "10.50.0.3");
    await a.sandbox.delete({ endpoints: "delete" });
    await b.sandbox.delete({ endpoints: "delete" });
    assert.deepEqual(plugin.missed, [], "every link was on the host again when its endpoint was deleted");
    const leave = ["revokeExternalConnectivity", "leave", "deleteEndpoint"];
    assert.deepEqual(plugin.calls(), ["join", "programExternalConnectivity", ...leave, ...leave]);
    assert.notEqual(host.rtnl.findLink({ name: bridgeName(network.id) }), undefined);
    await network.delete();
    assert.deepEqual(plugin.calls(), ["deleteNetwork"]);
  });

  it("has a sandbox on two of its networks, and on one of ours besides", async (t) => {
    const { host, plugin, controller } = await pluginScene(t);
    const first = await controller.newNetwork("mynet", "first", dual);
    const second = await controller.newNetwork("mynet", "second", {
      ipam: { config: [{ subnet: "10.51.0.0/24" }] },
    });
    const bridge = await controller.newNetwork("bridge", "bridge1", {
      ipam: { config: [{ subnet: "10.52.0.0/24" }] },
    });
    const a = await controller.attach(bridge, { containerId: "a" });
    const inFirst = await first.connect(a.sandbox, "a1");
    const inSecond = await second.connect(a.sandbox, "a2");
    const b = await controller.attach(second, { containerId: "b" });
    assert.deepEqual(interfacesOf(a.sandbox), ["eth0", "eth1", "eth2"]);
    assert.deepEqual(addressesOf(a.sandbox, "eth1"), ["10.50.0.2/24", "fd50::2/64"]);
    assert.equal(await reaches(b.sandbox, a.sandbox, "10.51.0.2"), "10.51.0.3");

    await inFirst.leave(a.sandbox);
    assert.deepEqual(interfacesOf(a.sandbox), ["eth0", "eth2"]);
    assert.notEqual(host.rtnl.findLink({ name: linkName(inFirst.id) }), undefined, "it is on the host again");
    await inFirst.join(a.sandbox);
    assert.equal(await reaches(b.sandbox, a.sandbox, "10.51.0.2"), "10.51.0.3");

    await inSecond.leave(a.sandbox);
    await assert.rejects(second.connect(a.sandbox, "a3", { interfaceName: "eth1" }), {
      code: "interface_name_in_use",
    });
    await a.sandbox.delete({ endpoints: "delete" });
    await b.sandbox.delete({ endpoints: "delete" });
    assert.deepEqual(plugin.missed, []);
  });

  it("leaves a link in its sandbox, down, while the host has another of its name", async (t) => {
    const { host, controller } = await pluginScene(t);
    const network = await controller.newNetwork("mynet", "n", dual);
    const { endpoint, sandbox } = await controller.attach(network, { containerId: "a" });
    const name = linkName(endpoint.id);
    host.rtnl.execute(link.create({ name, info: { kind: "bridge" } }));
    await endpoint.leave(sandbox);
    const guest = inside(sandbox, (rtnl) => rtnl.query(link.get({ name: "eth0" })));
    assert.equal(link.isUp(guest), false);
    assert.equal(host.rtnl.findLink({ name: "eth0" }), undefined, "it has not come to the host by that name");
    host.rtnl.execute(link.remove({ name }));
    await eventually(() => assert.notEqual(host.rtnl.findLink({ name }), undefined));
  });
});
