// Connections older than what has their address now: of a network that was made since, of an endpoint that came since.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Conntrack, link, type NetNamespace, Rtnl, route } from "@causeway/kernel";
import { eventually } from "./support/eventually.ts";
import { namespaceOf, TestHost } from "./support/host.ts";
import { Outside } from "./support/outside.ts";
import { ipv4Only } from "./support/scenes.ts";
import { ask, openUdp, serve } from "./support/traffic.ts";
import { addressOn } from "./support/wire.ts";

/** A UDP socket of a namespace that stays: all that it sends to one place is one connection. */
function talker(namespace: NetNamespace, port: number) {
  const socket = openUdp(namespace, "0.0.0.0", port);
  const heard: string[] = [];
  socket.on("message", (text) => heard.push(text.toString()));
  socket.on("error", () => undefined);
  return {
    heard,
    say: (text: string, address: string, to: number) =>
      new Promise<void>((done) => socket.send(text, to, address, () => done())),
    [Symbol.asyncDispose]: () => new Promise<void>((done) => socket.close(done)),
  };
}

/** Adds an address to a machine outside, and has the host send it all that it knows no other way for. */
function leadAway(host: TestHost, outside: Outside, address: string): void {
  using rtnl = new Rtnl(outside.namespace);
  rtnl.execute(addressOn(rtnl.query(link.get({ name: "lo" })).index, `${address}/32`));
  host.rtnl.execute(route.add({ destination: "default", gateway: outside.ipv4 }));
}

describe("connections that began before there was the network", () => {
  it("do not lead into it, answered as they are", async (t) => {
    // The machine outside is led through the host, too.
    const host = await TestHost.create(t, { drivers: { bridge: { allowForeignForwarding: true } } });
    await using kept = new AsyncDisposableStack();
    const elsewhere = kept.use(new Outside(host));
    const neighbour = kept.use(
      new Outside(host, { uplink: "uplink1", ipv4: "198.51.100", ipv6: "2001:db8:51" }),
    );
    leadAway(host, elsewhere, "172.30.9.2");
    elsewhere.routeTo("172.30.0.0/16");
    elsewhere.routeTo("198.51.100.0/24");
    neighbour.routeTo("172.30.9.0/24");
    const routed = await ipv4Only(host, "routed", 1, { driverOptions: { gatewayModeIpv4: "routed" } });
    const fixed = await ipv4Only(host, "fixed", 2, { driverOptions: { hostIpv4: elsewhere.hostIpv4 } });
    const [inRouted, inFixed] = await Promise.all(
      [routed, fixed].map(async (network) => {
        const { sandbox } = await host.controller.attach(network);
        return kept.use(namespaceOf(sandbox));
      }),
    );
    assert.ok(inRouted !== undefined && inFixed !== undefined);
    const senders = { routed: inRouted, fixed: inFixed, outside: neighbour.namespace };
    const talkers = Object.entries(senders).map(([name, namespace]) => ({
      name,
      namespace,
      socket: kept.use(talker(namespace, 4444)),
    }));
    {
      await using _former = await serve(elsewhere.namespace, {
        protocol: "udp",
        address: "172.30.9.2",
        port: 5000,
      });
      for (const { name, socket } of talkers) {
        await eventually(async () => {
          await socket.say("hello", "172.30.9.2", 5000);
          await sleep(5);
          assert.ok(socket.heard.length > 0, `${name} talks to 172.30.9.2 elsewhere`);
        });
      }
    }

    const network = await ipv4Only(host, "late", 9, { internal: true });
    const { sandbox } = await host.controller.attach(network, { endpoint: { ipv4: "172.30.9.2" } });
    const server = kept.use(await serve(kept.use(namespaceOf(sandbox)), { protocol: "udp", port: 5000 }));
    const { sandbox: local } = await host.controller.attach(network);
    const inLocal = kept.use(namespaceOf(local));
    for (let round = 0; round < 5; round++) {
      for (const { name, socket } of talkers) await socket.say(`old ${name}`, "172.30.9.2", 5000);
      await sleep(10);
    }
    for (const { name, namespace } of talkers) {
      const text = `fresh ${name}`;
      await ask(namespace, { protocol: "udp", address: "172.30.9.2", port: 5000, text, timeout: 50 });
    }
    // Whatever is on its way has arrived before this.
    await ask(inLocal, { protocol: "udp", address: "172.30.9.2", port: 5000, text: "local" });
    await eventually(() => assert.ok(server.heard.has("local")));
    assert.deepEqual([...server.heard], ["local"]);
  });

  it("do not reach its gateway, unanswered as they are", async (t) => {
    const host = await TestHost.create(t);
    await using kept = new AsyncDisposableStack();
    const elsewhere = kept.use(new Outside(host));
    leadAway(host, elsewhere, "203.0.113.1");
    const server = kept.use(await serve(host.namespace, { protocol: "udp", port: 5000 }));
    const options = { routed: { gatewayModeIpv4: "routed" }, natted: {} };
    const talkers = await Promise.all(
      Object.entries(options).map(async ([name, driverOptions], number) => {
        const network = await ipv4Only(host, name, number + 1, { driverOptions });
        const { sandbox } = await host.controller.attach(network);
        const namespace = kept.use(namespaceOf(sandbox));
        return {
          name,
          namespace,
          gateway: `172.30.${number + 1}.1`,
          socket: kept.use(talker(namespace, 4444)),
        };
      }),
    );
    using conntrack = new Conntrack(host.namespace);
    for (const { socket } of talkers) await socket.say("hello", "172.30.9.1", 5000);
    await eventually(() =>
      assert.equal(conntrack.list({ originalDestination: "172.30.9.1" }).length, talkers.length),
    );

    await ipv4Only(host, "late", 9);
    for (let round = 0; round < 5; round++) {
      for (const { name, socket } of talkers) await socket.say(`old ${name}`, "172.30.9.1", 5000);
      await sleep(10);
    }
    for (const { name, namespace, gateway } of talkers) {
      const question = { protocol: "udp", port: 5000, timeout: 50 } as const;
      await ask(namespace, { ...question, address: "172.30.9.1", text: `fresh ${name}` });
      await ask(namespace, { ...question, address: gateway, text: `${name}'s own gateway` });
    }
    const own = talkers.map(({ name }) => `${name}'s own gateway`);
    await eventually(() => assert.ok(own.every((text) => server.heard.has(text))));
    assert.deepEqual([...server.heard].sort(), own.sort());
  });

  it("are left alone where they have nothing to do with it, and when a network is taken up again", async (t) => {
    const host = await TestHost.create(t);
    await using kept = new AsyncDisposableStack();
    const outside = kept.use(new Outside(host));
    kept.use(await serve(outside.namespace, { protocol: "udp", port: 5000 }));
    const network = await ipv4Only(host, "n", 1);
    const { sandbox } = await host.controller.attach(network);
    const inside = kept.use(namespaceOf(sandbox));
    assert.ok(await ask(inside, { protocol: "udp", address: outside.ipv4, port: 5000 }));
    using conntrack = new Conntrack(host.namespace);
    const ids = () =>
      conntrack
        .list({ originalSource: "172.30.1.0/24", originalDestination: outside.ipv4 })
        .map(({ identity }) => identity.id);
    const before = ids();
    assert.equal(before.length, 1);
    await ipv4Only(host, "other", 2);
    await host.restart();
    assert.deepEqual(ids(), before);
  });
});

describe("connections of an address's former owner", () => {
  it("are forgotten before the next one has it", async (t) => {
    const host = await TestHost.create(t);
    await using kept = new AsyncDisposableStack();
    const outside = kept.use(new Outside(host));
    const server = kept.use(talker(outside.namespace, 5000));
    const echo = kept.use(await serve(outside.namespace, { protocol: "udp", port: 5001 }));
    const network = await ipv4Only(host, "n", 1);
    const ipv4 = "172.30.1.7";
    const { sandbox: first, endpoint } = await host.controller.attach(network, { endpoint: { ipv4 } });
    const former = kept.use(talker(kept.use(namespaceOf(first)), 4444));
    const second = await host.controller.newSandbox("second");
    const inSecond = kept.use(namespaceOf(second));
    const newcomer = kept.use(talker(inSecond, 4444));
    await former.say("hello", outside.ipv4, 5000);
    await eventually(() => assert.deepEqual(server.heard, ["hello"]));
    await server.say("for the former", outside.hostIpv4, 4444);
    await eventually(() => assert.deepEqual(former.heard, ["for the former"]));

    await endpoint.delete({ force: true });
    const next = await network.createEndpoint("next", { ipv4 });
    await next.join(second);
    await server.say("for the former", outside.hostIpv4, 4444);
    const question = { protocol: "udp", address: outside.ipv4, port: echo.port } as const;
    await eventually(async () => assert.ok(await ask(inSecond, question)));
    assert.deepEqual(newcomer.heard, []);
  });
});
