// Networks of a plugin, with packets: what it makes on the host is moved into sandboxes and back.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link } from "@causeway/kernel";
import { bridgeName, linkName, pluginScene } from "../support/bridge-plugin.ts";
import { addressesOf, inside, interfacesOf, wayOut } from "../support/inside.ts";
import { reaches } from "../support/scenes.ts";

const dual = { ipam: { config: [{ subnet: "10.50.0.0/24" }, { subnet: "fd50::/64" }] } };

describe("a network of a plugin", () => {
  it("carries packets between sandboxes, in both families, and takes everything back", async (t) => {
    const { host, plugin, controller } = await pluginScene(t);
    const network = await controller.newNetwork("mynet", "n", dual);
    const a = await controller.attach(network, { containerId: "a" });
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
});
