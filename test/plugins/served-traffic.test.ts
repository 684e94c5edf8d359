// What our driver does in the kernel when dockerd, whose part is played here, makes the containers: shown by packets, through kills.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { link, type NetNamespace, Rtnl } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { type Container, type Served, ServedHost } from "../support/served-host.ts";
import { ask, canConnect, canPing, serve } from "../support/traffic.ts";
import { addressOn } from "../support/wire.ts";

const pings = (from: NetNamespace, to: string) =>
  eventually(async () => assert.equal(await canPing(from, to), true, `${to} does not answer`));

async function pingsAs(from: NetNamespace, source: string, to: string): Promise<boolean> {
  const ping = from.spawn("ping", ["-n", "-c1", "-W1", "-I", source, to], { stdio: "ignore" });
  const [status] = await once(ping, "close");
  return status === 0;
}

async function deleteAll(served: Served, networks: readonly string[], containers: readonly Container[]) {
  for (const container of containers) await container.remove();
  for (const NetworkID of networks) await served.driver.deleteNetwork({ NetworkID });
}

describe("networks of the served driver", () => {
  it("connect containers, publish what is published, and nothing else", async (t) => {
    const host = ServedHost.create(t);
    const served = await host.serve("ours");
    const outside = host.outside();
    const { NetworkID } = await served.network("10.61.0", "fd61::");
    const { NetworkID: other } = await served.network("10.62.0");
    const one = await served.container(NetworkID, "10.61.0.2/24", "fd61::2/64");
    const two = await served.container(NetworkID, "10.61.0.3/24", "fd61::3/64");
    const stranger = await served.container(other, "10.62.0.2/24");
    await using server = await serve(two.namespace, { port: 80 });
    assert.equal(server.port, 80);
    for (const to of ["10.61.0.3", "fd61::3", "10.61.0.1", "fd61::1"]) await pings(one.namespace, to);
    await two.publish([8080, 80]);
    await pings(one.namespace, "192.0.2.2");
    assert.equal(await canConnect(outside, "192.0.2.1", 8080), true);
    assert.equal(await canConnect(two.namespace, "192.0.2.1", 8080), true, "hairpin");
    assert.equal(await canConnect(host.namespace, "127.0.0.1", 8080), true);
    assert.equal(await canConnect(stranger.namespace, "10.62.0.1", 8080), true);
    assert.equal(await canConnect(outside, "10.61.0.3", 80), false, "past the published port");
    assert.equal(await canConnect(stranger.namespace, "10.61.0.3", 80), false, "from another network");
    await assert.rejects(one.publish([8080, 80]), { message: /remote: .*8080/ });
    await two.publish([8080, 80]);
    assert.equal(await canConnect(outside, "192.0.2.1", 8080), true, "asked for twice");

    // The link-local address that the kernel makes of the MAC is its own, too. One that is not, of either family, leads nowhere.
    const theirs = "fe80::42:aff:fe3d:3%eth0";
    await pings(one.namespace, theirs);
    using inside = new Rtnl(one.namespace);
    const { index } = inside.query(link.get({ name: "eth0" }));
    inside.execute(addressOn(index, "10.61.0.77/24"), addressOn(index, "fe80::77/64"));
    const question = { address: "10.61.0.3", port: 80 };
    assert.equal(await ask(one.namespace, { ...question, source: "10.61.0.77" }), undefined);
    assert.equal(await ask(one.namespace, { ...question, source: "10.61.0.2" }), "10.61.0.2");
    assert.equal(await pingsAs(one.namespace, "fe80::77%eth0", theirs), false);
    assert.equal(await pingsAs(one.namespace, "fe80::42:aff:fe3d:2%eth0", theirs), true);

    await two.revoke();
    assert.equal(await canConnect(outside, "192.0.2.1", 8080), false);
    await two.leave();
    assert.equal(await canPing(one.namespace, "10.61.0.3"), false);
    await served.driver.deleteEndpoint(two.ids);
    two.letGo();
    await deleteAll(served, [NetworkID, other], [one, stranger]);
  });

  it("go on through kills, and are known afterwards", async (t) => {
    const host = ServedHost.create(t);
    const served = await host.serve("ours");
    const outside = host.outside();
    const network = await served.network("10.63.0", "fd63::");
    const { NetworkID } = network;
    const one = await served.container(NetworkID, "10.63.0.2/24", "fd63::2/64");
    const two = await served.container(NetworkID, "10.63.0.3/24", "fd63::3/64");
    await using server = await serve(two.namespace, { port: 80 });
    assert.equal(server.port, 80);
    await two.publish([8080, 80]);
    const works = async () => {
      await pings(one.namespace, "10.63.0.3");
      await pings(one.namespace, "fd63::3");
      assert.equal(await canConnect(outside, "192.0.2.1", 8080), true);
      assert.equal(await canConnect(outside, "10.63.0.3", 80), false);
    };
    await works();
    await served.plugin.end("SIGKILL");
    await works();
    // What a kill leaves between the kernel and the store, and what somebody takes away meanwhile.
    const owner = host.rtnl.findLinks({ kind: "bridge" })[0]?.alias?.split(":")[1];
    const alias = `causeway:${owner}:${"0".repeat(64)}`;
    host.rtnl.execute(
      link.create({ name: "br-stray", info: { kind: "bridge" } }),
      link.change({ name: "br-stray" }, { alias }),
    );
    const bridge = host.rtnl.findLinks({ kind: "bridge" })[0];
    assert.ok(bridge);
    await served.plugin.start();
    await works();
    await eventually(() => assert.equal(host.rtnl.findLink({ name: "br-stray" }), undefined));
    assert.equal(host.rtnl.findLink({ index: bridge.index })?.name, bridge.name, "the bridge is the same");

    // Asked again, as dockerd does when the connection broke: the same answers, and nothing twice.
    await served.driver.createNetwork(network);
    assert.deepEqual(await served.driver.createEndpoint(one.request), {
      Interface: { Address: "", AddressIPv6: "", MacAddress: "02:42:0a:3f:00:02" },
    });
    await assert.rejects(served.network("10.63.0"), { message: /remote: .*10\.63\.0\.0\/24/ });
    await assert.rejects(
      served.driver.createNetwork({ ...network, Options: { "com.docker.network.internal": true } }),
      { message: /remote: network .* is there already, with other options or subnets/ },
    );
    await assert.rejects(served.container(NetworkID, "10.63.0.3/24"), {
      message: /remote: endpoint .* has 10\.63\.0\.3\/24 and is in a sandbox/,
    });

    // A container that ends while nobody listens: its address and its ports are free again.
    await served.plugin.end("SIGKILL");
    two.letGo();
    await server[Symbol.asyncDispose]();
    await eventually(() => assert.equal(host.rtnl.findLinks({ kind: "veth" }).length, 2));
    await served.plugin.start();
    const three = await served.container(NetworkID, "10.63.0.3/24", "fd63::3/64");
    await using again = await serve(three.namespace, { port: 80 });
    assert.equal(again.port, 80);
    await three.publish([8080, 80]);
    await works();

    // Of what dockerd has forgotten it tells nothing: the network goes with all that is in it.
    const { driver } = served;
    await driver.leave(two.ids);
    await driver.deleteEndpoint(two.ids);
    await driver.deleteNetwork({ NetworkID });
    one.letGo();
    three.letGo();
    await driver.deleteNetwork({ NetworkID });
    await driver.leave(one.ids);
    await driver.revokeExternalConnectivity(one.ids);
  });

  it("of two plugins on one host do not collide", async (t) => {
    const host = ServedHost.create(t);
    const [red, blue] = [await host.serve("red"), await host.serve("blue")];
    const [redPool, bluePool] = [
      await red.ipam.requestPool({ AddressSpace: "local" }),
      await (async () => {
        const { NetworkID } = await red.network("172.17.0");
        const pool = await blue.ipam.requestPool({ AddressSpace: "local" });
        await red.driver.deleteNetwork({ NetworkID });
        return pool;
      })(),
    ];
    assert.equal(redPool.Pool, "172.17.0.0/16");
    assert.equal(bluePool.Pool, "172.18.0.0/16", "what the host has a route to is somebody's");
    const { NetworkID: redNet } = await red.network("10.64.0");
    const { NetworkID: blueNet } = await blue.network("10.65.0");
    const one = await red.container(redNet, "10.64.0.2/24");
    const two = await blue.container(blueNet, "10.65.0.2/24");
    await using server = await serve(two.namespace, { port: 80 });
    assert.equal(server.port, 80);
    await two.publish([8080, 80]);
    await assert.rejects(one.publish([8080, 80]), { message: /remote: .*8080/ });
    await pings(one.namespace, "10.64.0.1");
    assert.equal(await canConnect(one.namespace, "10.64.0.1", 8080), true);
    assert.equal(await canConnect(one.namespace, "10.65.0.2", 80), false, "from the other's network");
    await assert.rejects(blue.network("10.64.0"), { message: /remote: .*10\.64\.0\.0\/24/ });
    await red.plugin.restart("SIGKILL");
    await pings(two.namespace, "10.65.0.1");
    assert.equal(await canConnect(one.namespace, "10.64.0.1", 8080), true);
    await deleteAll(red, [redNet], [one]);
    await deleteAll(blue, [blueNet], [two]);
  });
});
