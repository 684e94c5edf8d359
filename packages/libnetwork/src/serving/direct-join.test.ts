// Endpoints that are made in a sandbox that is there already: where they are, what is answered, and what becomes of them.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { address, link, NetNamespace, Rtnl, route, writeSysctl } from "@causeway/kernel";
import { canPing } from "../../../../test/support/traffic.ts";
import { addressOn } from "../../../../test/support/wire.ts";
import {
  endpointId,
  endpointRequest,
  hostEndName,
  ids,
  joinRequest,
  mark,
  networkRequest,
  ServedWorld,
} from "./serving-test-support.ts";

const optionsOf = (options: Readonly<Record<string, string>>) => ({
  Options: { "com.docker.network.generic": options },
});
const direct = networkRequest(optionsOf({ directConnect: "true" }));

/** A sandbox as dockerd has one while its container runs: without IPv6. */
class Sandbox {
  readonly namespace = NetNamespace.create();
  readonly path = `/proc/self/fd/${this.namespace.fd}`;
  readonly rtnl = new Rtnl(this.namespace);

  constructor(t: Pick<TestContext, "after">) {
    this.namespace.run(() => writeSysctl("net/ipv6/conf/all/disable_ipv6", "1"));
    t.after(() => {
      this.rtnl[Symbol.dispose]();
      this.namespace[Symbol.dispose]();
    });
  }

  names(): readonly string[] {
    const names = this.rtnl.findLinks().map(({ name }) => name);
    return names.filter((name) => name !== "lo");
  }

  addresses(name: string): readonly string[] {
    const { index } = this.rtnl.query(link.get({ name }));
    const found = this.rtnl.dump(address.list({ link: index }));
    return found.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
  }
}

async function scene(t: TestContext, network = direct) {
  const world = new ServedWorld(t);
  await world.driver.createNetwork(network);
  await world.driver.createEndpoint(endpointRequest(1, { AddressIPv6: "fd00::2/64" }));
  world.steps();
  const sandbox = new Sandbox(t);
  const join = (path = sandbox.path) => world.driver.join({ ...joinRequest(1), SandboxKey: path });
  return { world, sandbox, join };
}

const byDockerd = { SrcName: `peer${endpointId(1).slice(0, 11)}`, DstPrefix: "eth" };

describe("a direct join", () => {
  it("makes the interface in the sandbox, with its addresses, and gives dockerd none to move", async (t) => {
    const { world, sandbox, join } = await scene(t);
    const answer = await join();
    assert.equal(answer.InterfaceName, undefined);
    assert.equal(answer.Gateway, "10.1.0.1");
    assert.deepEqual(sandbox.names(), ["eth1000"]);
    assert.deepEqual(sandbox.addresses("eth1000"), ["10.1.0.2/24", "fd00::2/64", "fe80::42:aff:fe01:2/64"]);
    const inside = sandbox.rtnl.query(link.get({ name: "eth1000" }));
    assert.deepEqual([inside.mtu, inside.address, link.isUp(inside)], [1400, "02:42:0a:01:00:02", true]);
    const near = world.rtnl.query(link.get({ name: hostEndName(endpointId(1)) }));
    assert.equal(near.alias, `${mark}${endpointId(1)}`);
    assert.equal(near.master, world.rtnl.query(link.get({ name: "bridge0" })).index);
    assert.equal(world.hasLink(byDockerd.SrcName), false);
    assert.deepEqual(world.steps(), ["join", "put served-endpoint"]);

    assert.deepEqual(await join(), answer, "asked again");
    assert.deepEqual(world.steps(), []);
    await world.driver.createEndpoint(endpointRequest(3));
    await world.driver.join({ ...joinRequest(3), SandboxKey: sandbox.path });
    assert.deepEqual(sandbox.names(), ["eth1000", "eth1001"]);
  });

  it("reaches nobody any more as soon as it has left, whoever comes and goes, though its interface is there", async (t) => {
    const { world, sandbox, join } = await scene(t);
    const bridge = world.rtnl.query(link.get({ name: "bridge0" })).index;
    world.rtnl.execute(link.change({ index: bridge }, { up: true }), addressOn(bridge, "10.1.0.1/24"));
    await join();
    assert.ok(await canPing(sandbox.namespace, "10.1.0.1"));
    await world.driver.leave(ids(1));
    assert.deepEqual(sandbox.names(), ["eth1000"]);
    const other = new Sandbox(t);
    await world.driver.createEndpoint(endpointRequest(2));
    await world.driver.join({ ...joinRequest(2), SandboxKey: other.path });
    assert.ok(await canPing(other.namespace, "10.1.0.1"));
    assert.ok(!(await canPing(sandbox.namespace, "10.1.0.1")));
    assert.ok(!(await canPing(sandbox.namespace, "10.1.0.3")));
    assert.deepEqual(sandbox.names(), ["eth1000"]);
  });

  it("makes the routes that lead to the link itself, and leaves those over others to dockerd", async (t) => {
    const { world, sandbox, join } = await scene(t);
    world.staticRoutes = [
      { destination: "10.8.0.0/16", nextHop: undefined },
      { destination: "10.9.0.0/16", nextHop: "10.1.0.1" },
    ];
    const { StaticRoutes } = await join();
    assert.deepEqual(
      StaticRoutes?.map(({ Destination }) => Destination),
      ["10.8.0.0/16", "10.9.0.0/16"],
    );
    const routes = sandbox.rtnl.dump(route.list({ family: 4 }));
    const destinations = routes.map(({ destination }) => destination);
    assert.ok(destinations.includes("10.8.0.0/16"), destinations.join());
    assert.ok(!destinations.includes("10.9.0.0/16"));
  });

  it("leaves the interface to dockerd where there is no sandbox yet, in the host's own, and without the option", async (t) => {
    const { world, sandbox, join } = await scene(t);
    const moved = async (path: string) => {
      assert.deepEqual((await join(path)).InterfaceName, byDockerd);
      await world.driver.leave(ids(1));
    };
    await moved("/var/run/docker/netns/none");
    await moved(`/proc/self/fd/${world.host.fd}`);
    await moved(import.meta.filename);
    for (const options of [{}, { directConnect: "false" }]) {
      const other = await scene(t, networkRequest(optionsOf(options)));
      assert.deepEqual((await other.join()).InterfaceName, byDockerd);
      assert.deepEqual(other.sandbox.names(), []);
    }
    assert.deepEqual(sandbox.names(), []);
  });

  it("goes to another sandbox where it is asked for there, and comes anew where its links are gone", async (t) => {
    const { world, sandbox, join } = await scene(t);
    const other = new Sandbox(t);
    await join();
    await join(other.path);
    await world.reaper.drain();
    assert.deepEqual([sandbox.names(), other.names()], [[], ["eth1000"]]);
    assert.deepEqual(world.steps(), ["join", "put served-endpoint", "leave", "join", "put served-endpoint"]);
    world.loseLinks(endpointId(1));
    await join(other.path);
    assert.deepEqual(other.names(), ["eth1000"]);
    assert.deepEqual((await join("/var/run/docker/netns/none")).InterfaceName, byDockerd, "it starts anew");
    await world.reaper.drain();
    assert.deepEqual(other.names(), []);
  });

  it("takes its interface along when it is deleted, over a restart, and when it cannot be stored", async (t) => {
    const { world, sandbox, join } = await scene(t);
    world.failing = "put served-endpoint";
    await assert.rejects(join(), { message: "no put served-endpoint" });
    world.failing = "";
    await world.reaper.drain();
    assert.deepEqual(sandbox.names(), []);
    const answer = await join();
    await world.restart();
    world.steps();
    assert.deepEqual(await join(), answer);
    assert.deepEqual(world.steps(), [], "it is known that it is there, and how");
    await world.driver.leave(ids(1));
    await world.driver.deleteEndpoint(ids(1));
    await world.reaper.drain();
    assert.deepEqual(sandbox.names(), []);
    assert.equal(world.hasLink(hostEndName(endpointId(1))), false);
  });

  it("takes the place of what was left under its name, and does not touch somebody else's", async (t) => {
    const { world, sandbox, join } = await scene(t);
    const name = hostEndName(endpointId(1));
    const inTheWay = (alias: string) => {
      world.rtnl.execute(link.create({ name, info: { kind: "bridge" } }), link.change({ name }, { alias }));
      return world.rtnl.query(link.get({ name })).index;
    };
    const left = inTheWay(`${mark}${endpointId(1)}`);
    await join();
    assert.notEqual(world.rtnl.query(link.get({ name })).index, left);
    assert.deepEqual(sandbox.names(), ["eth1000"]);
    await world.driver.leave(ids(1));
    world.loseLinks(endpointId(1));
    await world.owed.payAll();
    await world.reaper.drain();
    const theirs = inTheWay("theirs");
    await assert.rejects(join(), { code: "link_name_in_use" });
    assert.deepEqual(sandbox.names(), []);
    assert.equal(world.rtnl.findLink({ name })?.index, theirs);
  });

  it("calls the interface what was asked for, and refuses a name that is taken or none", async (t) => {
    const { world, sandbox } = await scene(t);
    const label = "com.docker.network.endpoint.ifname";
    await world.driver.createEndpoint(endpointRequest(2, {}, { [label]: "lan0" }));
    await world.driver.createEndpoint(endpointRequest(3, {}, { [label]: "lan0" }));
    const join = (number: number) => world.driver.join({ ...joinRequest(number), SandboxKey: sandbox.path });
    await join(2);
    await assert.rejects(join(3), { code: "interface_name_in_use" });
    await world.reaper.drain();
    assert.deepEqual(sandbox.names(), ["lan0"]);
    assert.equal(world.hasLink(hostEndName(endpointId(3))), false);
    await assert.rejects(
      async () => world.driver.createEndpoint(endpointRequest(4, {}, { [label]: "a/b" })),
      {
        code: "invalid_interface_name",
      },
    );
    assert.deepEqual(world.store.ids("served-endpoint").includes(endpointId(4)), false);
  });

  it("is the network's own matter: asked for otherwise it is another network, and no word for yes or no is none", async (t) => {
    const { world } = await scene(t);
    await world.driver.createNetwork(direct);
    await assert.rejects(world.driver.createNetwork(networkRequest(optionsOf({}))), {
      code: "network_exists",
    });
    await assert.rejects(
      async () => world.driver.createNetwork(networkRequest(optionsOf({ directConnect: "perhaps" }))),
      { code: "invalid_option", message: /directConnect.*"perhaps"/ },
    );
  });
});
