// What options and the operator's own rules make of isolation, each way with packets: firewall off, the `user` chain,
// forwarding and who pays for it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { link, NftContext, readSysctl, writeSysctl } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { wires } from "./isolation/plan.ts";
import { assertReach } from "./isolation/reach.ts";
import { advertiseRouter, defaultRouters } from "./isolation/router.ts";
import { eventually } from "./support/eventually.ts";
import { ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "./support/frames.ts";
import { namespaceOf, TestHost, type TestHostOptions } from "./support/host.ts";
import { sysctlOf } from "./support/inside.ts";
import { Outside } from "./support/outside.ts";
import { dualStack, ipv4Only } from "./support/scenes.ts";
import { serve } from "./support/traffic.ts";

const families = [
  { any: "0.0.0.0", key: "ipv4" },
  { any: "::", key: "ipv6" },
] as const;

describe("firewall: none", () => {
  it("filters and translates nothing, and opens nothing", async (t) => {
    const host = await TestHost.create(t, { firewall: "none" });
    using kept = new DisposableStack();
    const outside = kept.use(new Outside(host));
    const front = await dualStack(host, "front", 1);
    const other = await dualStack(host, "other", 2);
    const publish = [{ hostPort: 8080, containerPort: 80 }];
    const web = await host.controller.attach(front, { endpoint: { publish } });
    const { sandbox } = await host.controller.attach(other);
    const stranger = kept.use(namespaceOf(sandbox));
    const inWeb = kept.use(namespaceOf(web.sandbox));
    for (const { any, key } of families) {
      await using _web = await serve(inWeb, { address: any, port: 80 });
      const address = String(web.endpoint[key]?.split("/")[0]);
      outside.routeTo(key === "ipv4" ? "172.30.0.0/16" : "fd00::/16");
      await assertReach(true, "from outside", outside.namespace, address, 80);
      await assertReach(true, "from another network", stranger, address, 80);
      const own = key === "ipv4" ? outside.hostIpv4 : outside.hostIpv6;
      await assertReach(false, "by the published port", outside.namespace, own, 8080);
    }
    const bridge = host.rtnl.dump(link.list()).find(({ info }) => info?.kind === "bridge");
    const key = `net/ipv4/conf/${bridge?.name}/route_localnet`;
    assert.equal(
      host.namespace.run(() => readSysctl(key)),
      "0",
      "the host's loopback stays the host's",
    );
  });
});

describe("the operator's own rules", () => {
  it("come first, and survive the controller", async (t) => {
    const host = await TestHost.create(t);
    using outside = new Outside(host);
    const network = await dualStack(host, "front", 1);
    const publish = [
      { hostPort: 8080, containerPort: 80 },
      { hostPort: 8081, containerPort: 81 },
    ];
    const { sandbox } = await host.controller.attach(network, { endpoint: { publish } });
    using inside = namespaceOf(sandbox);
    await using _web = await serve(inside, { address: "0.0.0.0", port: 80 });
    await using _other = await serve(inside, { address: "0.0.0.0", port: 81 });
    const assertOpen = async (what: string, first: boolean) => {
      await assertReach(first, what, outside.namespace, outside.hostIpv4, 8080);
      await assertReach(true, what, outside.namespace, outside.hostIpv4, 8081);
    };
    await assertOpen("without rules", true);
    using nft = new NftContext(host.namespace);
    nft.run("add rule inet causeway user ip saddr 192.0.2.2 tcp dport 80 drop\n");
    await assertOpen("with a rule", false);
    await host.restart();
    await assertOpen("after close and open", false);
    await host.stop();
    await assertOpen("while no controller runs", false);
    await host.start();
    nft.run("flush chain inet causeway user\n");
    await assertOpen("without the rule", true);
  });
});

describe("another controller on the host", () => {
  it("has its networks to itself: the first one, which turned forwarding on, keeps nothing from them", async (t) => {
    const host = await TestHost.create(t);
    using outside = new Outside(host);
    await dualStack(host, "first", 1);
    const second = await NetworkController.open({
      ...host.options,
      stateDir: join(host.directory, "second", "state"),
      runDir: join(host.directory, "second", "run"),
      firewallTable: "second",
    });
    try {
      const ipam = { config: [{ subnet: "172.30.2.0/24" }, { subnet: "fd00:2::/64" }] };
      const network = await second.newNetwork("bridge", "second", { ipam });
      const publish = [{ hostPort: 8080, containerPort: 80 }];
      const { sandbox } = await second.attach(network, { endpoint: { publish } });
      using inside = namespaceOf(sandbox);
      for (const [{ any, key }, own] of [
        [families[0], outside.hostIpv4],
        [families[1], outside.hostIpv6],
      ] as const) {
        await using _outer = await serve(outside.namespace, { address: any, port: 80 });
        await using _inner = await serve(inside, { address: any, port: 80 });
        await assertReach(true, "out of its network", inside, outside[key], 80);
        await assertReach(true, "its published port", outside.namespace, own, 8080);
      }
      await sandbox.delete({ endpoints: "delete" });
      await network.delete();
    } finally {
      await second.close();
    }
  });
});

describe("frames that pass by the rules of a bridge, unless its ports forward them", () => {
  /** A network of a victim at 172.30.1.2, a thief of its MAC, and a third. */
  async function openForTheft(t: TestContext, antiSpoofing: boolean) {
    const host = await TestHost.create(t);
    const network = await ipv4Only(host, "n", 1, { driverOptions: { bridgeName: "lan0", antiSpoofing } });
    const stations = ["victim", "thief", "third"];
    for (const containerId of stations) await host.controller.attach(network, { containerId });
    /** The thief takes the MAC by a frame to `group`; answers who has got what the third then sends to that MAC. */
    const letterAfterTheft = async (group: string): Promise<readonly string[]> => {
      using kept = new DisposableStack();
      const [victim, thief, third] = stations.map((containerId) => {
        const sandbox = host.controller.sandboxByContainerId(containerId);
        const [endpoint] = sandbox?.endpoints() ?? [];
        assert.ok(sandbox !== undefined && endpoint?.ipv4 !== undefined);
        const namespace = kept.use(namespaceOf(sandbox));
        // A kernel that tells now and then which groups it listens to would put the bridge right again.
        namespace.run(() => writeSysctl("net/ipv6/conf/eth0/disable_ipv6", 1));
        const source = String(endpoint.ipv4.split("/")[0]);
        return { mac: endpoint.mac, source, socket: kept.use(new FrameSocket(namespace, "eth0")) };
      });
      assert.ok(victim && thief && third);
      const say = (from: typeof victim, to: typeof victim, text: string) => {
        const payload = udp(4000, 4000, Buffer.from(text));
        const packet = ipPacket({ source: from.source, destination: to.source, protocol: 17, payload });
        from.socket.send(frame(to.mac, from.mac, ETHERTYPE.ipv4, packet));
      };
      say(victim, third, "where I am");
      await third.socket.receivedUntil("where I am");
      thief.socket.send(frame(group, victim.mac, 0x88cc, Buffer.alloc(8)));
      // Frames of one port stay in order: when this one is there, the bridge has seen the other.
      say(thief, third, "done");
      await third.socket.receivedUntil("done");
      say(third, victim, `a letter after ${group}`);
      const got = new Set<string>();
      await eventually(() => {
        for (const [name, { socket }] of Object.entries({ victim, thief })) {
          if (socket.received().some((bytes) => bytes.includes(`a letter after ${group}`))) got.add(name);
        }
        assert.ok(got.size > 0);
      });
      return [...got];
    };
    return { host, letterAfterTheft };
  }

  const groups = ["01:80:c2:00:00:00", "01:80:c2:00:00:03", "01:80:c2:00:00:0e"];

  it("teach it nobody's MAC, also when it was made anew under running sandboxes", async (t) => {
    const { host, letterAfterTheft } = await openForTheft(t, true);
    for (const group of groups) assert.deepEqual(await letterAfterTheft(group), ["victim"], group);
    await host.stop();
    host.rtnl.execute(link.remove({ name: "lan0" }));
    await host.start();
    for (const group of groups) assert.deepEqual(await letterAfterTheft(group), ["victim"], group);
  });

  it("do without anti-spoofing", async (t) => {
    const { letterAfterTheft } = await openForTheft(t, false);
    for (const group of groups) assert.deepEqual(await letterAfterTheft(group), ["thief"], group);
  });
});

/** Two machines outside that know each other by the host only, and a network on it. */
async function crossroads(t: TestContext, kept: DisposableStack, options: TestHostOptions, ready?: true) {
  const host = await TestHost.create(t, options);
  const one = kept.use(new Outside(host));
  const two = kept.use(new Outside(host, wires.friend));
  for (const [machine, subnets] of [
    [one, [`${wires.friend.ipv4}.0/24`, `${wires.friend.ipv6}::/64`]],
    [two, [`${wires.outside.ipv4}.0/24`, `${wires.outside.ipv6}::/64`]],
  ] as const) {
    for (const subnet of subnets) machine.routeTo(subnet);
  }
  if (ready) {
    host.namespace.run(() => {
      writeSysctl("net/ipv4/ip_forward", 1);
      writeSysctl("net/ipv6/conf/all/forwarding", 1);
    });
  }
  const network = await dualStack(host, "front", 1);
  const { sandbox } = await host.controller.attach(network);
  const inside = kept.use(namespaceOf(sandbox));
  /** Fails unless the first machine reaches the second, and the sandbox does, as expected, in both families. */
  const assertForwarded = async ({
    foreign,
    ours,
  }: {
    readonly foreign: boolean;
    readonly ours: boolean;
  }) => {
    for (const { any, key } of families) {
      await using _server = await serve(two.namespace, { address: any, port: 80 });
      await assertReach(foreign, "from outside to outside", one.namespace, two[key], 80);
      await assertReach(ours, "from a sandbox to outside", inside, two[key], 80);
    }
  };
  return { host, assertForwarded };
}

describe("forwarding", () => {
  it("that we turned on is for our networks only, after a restart too", async (t) => {
    using kept = new DisposableStack();
    const { host, assertForwarded } = await crossroads(t, kept, {});
    await assertForwarded({ foreign: false, ours: true });
    await host.restart();
    await assertForwarded({ foreign: false, ours: true });
    await host.restart({ drivers: { bridge: { allowForeignForwarding: true } } });
    await assertForwarded({ foreign: true, ours: true });
  });

  it("is for everybody with allowForeignForwarding", async (t) => {
    using kept = new DisposableStack();
    const drivers = { bridge: { allowForeignForwarding: true } };
    const { assertForwarded } = await crossroads(t, kept, { drivers });
    await assertForwarded({ foreign: true, ours: true });
  });

  it("that was on before us stays as it was", async (t) => {
    using kept = new DisposableStack();
    const { host, assertForwarded } = await crossroads(t, kept, {}, true);
    await assertForwarded({ foreign: true, ours: true });
    await host.restart();
    await assertForwarded({ foreign: true, ours: true });
  });

  it("is left to the operator with enableForwarding: false", async (t) => {
    using kept = new DisposableStack();
    const { host, assertForwarded } = await crossroads(t, kept, {
      drivers: { bridge: { enableForwarding: false } },
    });
    await assertForwarded({ foreign: false, ours: false });
    host.namespace.run(() => {
      writeSysctl("net/ipv4/ip_forward", 1);
      writeSysctl("net/ipv6/conf/all/forwarding", 1);
    });
    await assertForwarded({ foreign: true, ours: true });
  });

  it("does not cost the host its advertised default route", async (t) => {
    const host = await TestHost.create(t);
    using outside = new Outside(host);
    const routers = () => defaultRouters(host.namespace, outside.uplink);
    const first = advertiseRouter(outside.namespace, "02:00:5e:00:00:01");
    await eventually(() => assert.deepEqual(routers(), [first]));
    await dualStack(host, "front", 1);
    assert.equal(
      host.namespace.run(() => readSysctl("net/ipv6/conf/all/forwarding")),
      "1",
    );
    assert.deepEqual(routers(), [first], "the route that was there");
    const second = advertiseRouter(outside.namespace, "02:00:5e:00:00:02");
    await eventually(() => assert.deepEqual([...routers()].sort(), [first, second]));
  });

  for (const [what, options, make] of [
    // Without IPv6 of ours the host still believes advertisements.
    ["", {}, ipv4Only],
    // Where the host forwards IPv6, interfaces that are to believe them all the same are told so: others of ours are not.
    [", nor in a network with IPv6", {}, dualStack],
    [", nor without our firewall", { firewall: "none" }, ipv4Only],
  ] as const) {
    it(`is off in sandboxes, and a sandbox cannot become the host's router${what}`, async (t) => {
      const host = await TestHost.create(t, options);
      using outside = new Outside(host);
      // Without anti-spoofing advertisements get to the host.
      const driverOptions = { bridgeName: "br-front", antiSpoofing: false };
      const network = await make(host, "front", 1, { driverOptions });
      const { sandbox } = await host.controller.attach(network);
      for (const key of [
        "net/ipv4/ip_forward",
        "net/ipv6/conf/all/forwarding",
        "net/ipv6/conf/default/accept_ra",
      ]) {
        assert.equal(sysctlOf(sandbox, key), "0", key);
      }
      using inside = namespaceOf(sandbox);
      advertiseRouter(inside, "02:00:5e:00:00:01");
      const believed = advertiseRouter(outside.namespace, "02:00:5e:00:00:02");
      await eventually(() => assert.deepEqual(defaultRouters(host.namespace, outside.uplink), [believed]));
      assert.deepEqual(defaultRouters(host.namespace, "br-front"), []);
    });
  }
});
