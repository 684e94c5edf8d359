// Neighbours learn who has an address now: by announcements, and at once where they may remember somebody else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { link, NetNamespace } from "@causeway/kernel";
import type { Network, Sandbox } from "@causeway/libnetwork";
import { eventually } from "./support/eventually.ts";
import { BROADCAST, ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "./support/frames.ts";
import { namespaceOf, TestHost } from "./support/host.ts";
import { canConnect, serve } from "./support/traffic.ts";
import { joinByWire } from "./support/wire.ts";

const interval = 100;
const ipv4 = "172.30.0.9";

async function networkOf(host: TestHost, announcements: number): Promise<Network> {
  const driverOptions = {
    "com.docker.network.advertise_addr_nmsgs": String(announcements),
    "com.docker.network.advertise_addr_ms": String(interval),
  };
  const ipam = { config: [{ subnet: "172.30.0.0/24" }] };
  return host.controller.newNetwork("bridge", "network", { ipam, driverOptions });
}

/** ARP frames in which an address is its own target. */
function announcementsOf(address: string, frames: readonly Buffer[]): readonly string[] {
  const bytes = Buffer.from(address.split(".").map(Number));
  return frames
    .filter((frame) => frame.readUInt16BE(12) === ETHERTYPE.arp)
    .filter((frame) => frame.subarray(28, 32).equals(bytes) && frame.subarray(38, 42).equals(bytes))
    .map((frame) => frame.subarray(22, 28).toString("hex"));
}

for (const [mac, what] of [
  [undefined, "a MAC that says the address"],
  ["02:00:00:00:00:09", "a chosen MAC"],
] as const) {
  for (const count of [0, 1, 3]) {
    test(`${what} is announced ${count} times`, async (t) => {
      const host = await TestHost.create(t);
      const network = await networkOf(host, count);
      const { sandbox } = await host.controller.attach(network, { containerId: "neighbour" });
      using namespace = namespaceOf(sandbox);
      using seen = new FrameSocket(namespace, "eth0");
      const { endpoint } = await host.controller.attach(network, {
        containerId: "newcomer",
        endpoint: { ipv4, ...(mac === undefined ? {} : { mac }) },
      });
      const expected = Array.from({ length: count }, () => endpoint.mac.replaceAll(":", ""));
      const frames: Buffer[] = [];
      const announcements = () => {
        frames.push(...seen.received());
        return announcementsOf(ipv4, frames);
      };
      await eventually(() => assert.deepEqual(announcements(), expected));
      // One more would come by now.
      await sleep(3 * interval);
      assert.deepEqual(announcements(), expected);
    });
  }
}

test("an address is reached at once whose MAC has changed", async (t) => {
  const host = await TestHost.create(t);
  const network = await networkOf(host, 3);
  const neighbour = await host.controller.attach(network, { containerId: "neighbour" });
  const first = await attachAndServe(host, network, "first", "02:00:00:00:00:09");
  assert.equal(await reached(neighbour.sandbox), true);
  await first.close();
  const second = await attachAndServe(host, network, "second", undefined);
  assert.equal(await reached(neighbour.sandbox), true, "the neighbour sends to the MAC that was");
  await second.close();
});

test("on somebody else's bridge an address is announced before anything else is sent from it", async (t) => {
  const host = await TestHost.create(t);
  using neighbour = NetNamespace.create();
  host.rtnl.execute(link.create({ name: "lan0", info: { kind: "bridge" } }));
  host.rtnl.execute(link.change({ name: "lan0" }, { up: true }));
  joinByWire(
    { namespace: host.namespace, name: "port0", bridge: host.rtnl.query(link.get({ name: "lan0" })).index },
    { namespace: neighbour, name: "eth0" },
  );
  using seen = new FrameSocket(neighbour, "eth0");
  const network = await host.controller.newNetwork("bridge", "network", {
    ipam: { config: [{ subnet: "172.30.0.0/24" }] },
    driverOptions: { bridgeName: "lan0" },
  });
  const { endpoint, sandbox } = await host.controller.attach(network, { endpoint: { ipv4 } });
  using inside = namespaceOf(sandbox);
  using sender = new FrameSocket(inside, "eth0");
  const payload = udp(5000, 5000, Buffer.from("the first"));
  const packet = ipPacket({ source: ipv4, destination: "172.30.0.255", protocol: 17, payload });
  sender.send(frame(BROADCAST, endpoint.mac, ETHERTYPE.ipv4, packet));
  const frames = await seen.receivedUntil("the first");
  const before = frames.slice(
    0,
    frames.findIndex((bytes) => bytes.includes("the first")),
  );
  assert.deepEqual(announcementsOf(ipv4, before), [endpoint.mac.replaceAll(":", "")]);
  await sandbox.delete({ endpoints: "delete" });
  await network.delete();
  host.rtnl.execute(link.remove({ name: "port0" }), link.remove({ name: "lan0" }));
});

async function attachAndServe(
  host: TestHost,
  network: Network,
  containerId: string,
  mac: string | undefined,
) {
  const { sandbox } = await host.controller.attach(network, {
    containerId,
    endpoint: { ipv4, ...(mac === undefined ? {} : { mac }) },
  });
  using namespace = namespaceOf(sandbox);
  const server = await serve(namespace, { port: 80 });
  return {
    async close() {
      await server[Symbol.asyncDispose]();
      await sandbox.delete({ endpoints: "delete" });
    },
  };
}

async function reached(from: Sandbox): Promise<boolean> {
  using namespace = namespaceOf(from);
  return canConnect(namespace, ipv4, 80);
}
