// The controller is killed, closed, killed while it opens: what runs in sandboxes does not notice, and nothing gets through meanwhile
// that must not.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { address, link, NetNamespace, writeSysctl } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { eventually } from "../support/eventually.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { inside } from "../support/inside.ts";
import { Outside } from "../support/outside.ts";
import { ipv4Only } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";
import { Holder } from "./holding.ts";
import { Datagrams, Forbidden, Ping, Stream, TableWatch } from "./traffic.ts";

const inner = { tcp: 7000, udp: 7000, closed: 7001 };
const published = 8080;

/**
 * A host without controller, and what goes on there: two containers in a network, of which `web` publishes a port, one in another
 * network, and a machine outside.
 */
async function busyHost(t: TestContext) {
  const host = await TestHost.create(t);
  const things = new AsyncDisposableStack();
  const outside = things.use(new Outside(host));
  const network = await ipv4Only(host, "n", 1);
  const publish = (["tcp", "udp"] as const).map((protocol) => ({
    protocol,
    hostPort: published,
    containerPort: inner[protocol],
  }));
  const web = await host.controller.attach(network, { containerId: "web", endpoint: { publish } });
  const peer = await host.controller.attach(network, { containerId: "peer" });
  const other = await host.controller.attach(await ipv4Only(host, "other", 2), { containerId: "other" });
  outside.routeTo("172.30.0.0/16");
  const spoofed = "172.30.1.77";
  inside(peer.sandbox, (rtnl) =>
    rtnl.execute(
      address.add({
        link: rtnl.query(link.getIndex({ name: "eth0" })),
        address: spoofed,
        prefixLength: 32,
      }),
    ),
  );
  // Else the kernel asks for its neighbours in the name of whoever sends first, also of the address that is not its own: that is refused,
  // and would keep `peer` itself from being answered.
  {
    using namespace = namespaceOf(peer.sandbox);
    namespace.run(() => writeSysctl("net/ipv4/conf/all/arp_announce", 2));
  }
  const open = ({ sandbox }: typeof web) => things.use(NetNamespace.open(sandbox.netnsPath));
  const [inWeb, inPeer, inOther] = [open(web), open(peer), open(other)];
  const webAddress = web.endpoint.ipv4?.split("/")[0] ?? assert.fail();
  const door = { address: outside.hostIpv4, port: published };
  const pings = [
    things.use(new Ping("peer to web", inPeer, webAddress)),
    things.use(new Ping("web to its gateway", inWeb, "172.30.1.1")),
    things.use(new Ping("outside to the host", outside.namespace, door.address)),
  ];
  const flows = [
    ...pings,
    things.use(await Stream.open(outside.namespace, door, { namespace: inWeb, port: inner.tcp })),
    things.use(new Datagrams(outside.namespace, door, { namespace: inWeb, port: inner.udp })),
  ];
  const forbidden = things.use(
    new Forbidden(inWeb, inner.closed, [
      { name: "another's source address", from: inPeer, source: spoofed, address: webAddress },
      { name: "a port that is not published", from: outside.namespace, address: webAddress },
      { name: "another network", from: inOther, address: webAddress },
    ]),
  );
  const watch = things.use(new TableWatch(host.namespace));
  await host.stop();
  return {
    host,
    outside,
    watch,
    /** Ends the traffic, and fails where something was lost of it, or got through. */
    async finish() {
      for (const flow of flows) await flow.assertNothingLost();
      await forbidden.assertNothingHeard({
        name: "allowed",
        from: inPeer,
        source: "172.30.1.3",
        address: webAddress,
      });
      assert.deepEqual(watch.missing, [], "a table or chain was away between two transactions");
    },
    [Symbol.asyncDispose]: () => things.disposeAsync(),
  };
}

test("a kill, another, a close and other options: nothing is lost, and nothing gets through", async (t) => {
  await using scene = await busyHost(t);
  const { host, outside, watch } = scene;
  const first = await Holder.open(host.options);
  await assert.rejects(NetworkController.open(host.options), {
    code: "state_dir_locked",
    message: new RegExp(`process ${first.pid}`),
  });
  await first.kill();
  await sleep(1000);
  const second = await Holder.open(host.options);
  await second.kill();
  const third = await Holder.open(host.options);
  await third.close();
  const fourth = await Holder.open({ ...host.options, defaultNetwork: { subnet: "172.29.0.0/24" } });
  await fourth.kill();
  await eventually(() => assert.ok(watch.transactions >= 4, `${watch.transactions} transactions were seen`));
  await host.start();
  assert.deepEqual(host.controller.problems, []);
  await scene.finish();

  // What paused is back: the relay on [::1], and the port held against others.
  assert.equal(
    await ask(host.namespace, { address: "::1", port: published, text: "x", protocol: "udp" }),
    "x",
  );
  await assert.rejects(serve(host.namespace, { port: published }), { code: "EADDRINUSE" });
  assert.equal(outside.hostIpv4, "192.0.2.1");
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("fifty kills while it opens: nothing is lost, and the next open takes everything up", async (t) => {
  const seed = Number(process.env.CAUSEWAY_SEED ?? Date.now() % 100_000);
  t.diagnostic(`CAUSEWAY_SEED=${seed}`);
  const next = random(seed);
  await using scene = await busyHost(t);
  const { host } = scene;
  for (let round = 0; round < 50; round++) {
    await using holder = new Holder(host.options);
    await holder.says("opening");
    await sleep(next() * 150);
    await holder.kill();
  }
  await host.start();
  assert.deepEqual(host.controller.problems, []);
  await scene.finish();
});
