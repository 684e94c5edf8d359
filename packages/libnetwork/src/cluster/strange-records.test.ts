/**
 * What stands in the store that no host of ours has put there, or not as we put it: whoever may write there must not end, stall or mislead
 * a host by it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { hearWarnings } from "../../../../test/support/warnings.ts";
import type { HostsListener, PeersListener } from "../contracts/cluster.ts";
import type { ClusterHost, Peer } from "../contracts/overlay.ts";
import type { FollowEvent } from "../contracts/shared-store.ts";
import type { PlainData } from "../contracts/store.ts";
import { forbidden } from "../errors.ts";
import { Follower } from "../store/shared/follower.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { hostKind, peerKind, poolKind } from "./kinds.ts";
import { Mirror } from "./mirror.ts";
import { makeNetwork, TestHost } from "./test-support.ts";

const net = "1".repeat(64);
/** As another host puts it. */
const good = {
  hostId: "b",
  hostAddress: "192.0.2.7",
  mac: "02:42:0a:07:00:03",
  ipv4: "10.0.0.3",
  ipv6: "fd00::3",
  names: ["db", "*.db"],
  ports: [{ name: "sql", protocol: "tcp", port: 5432 }],
};

/** Of nothing of these a peer is made. The host itself is at 192.0.2.1. */
const strange: Readonly<Record<string, PlainData>> = {
  "no object": 7,
  "a list": [good],
  "nothing but null": null,
  "no MAC": { ...good, mac: 7 },
  "a group's MAC": { ...good, mac: "01:00:5e:00:00:01" },
  "everybody's MAC": { ...good, mac: "ff:ff:ff:ff:ff:ff" },
  "nobody's MAC": { ...good, mac: "00:00:00:00:00:00" },
  "a MAC and more": { ...good, mac: "02:42:0a:07:00:03\n" },
  "no host": { ...good, hostId: undefined } as unknown as PlainData,
  "a host name": { ...good, hostAddress: "localhost" },
  "every address": { ...good, hostAddress: "0.0.0.0" },
  loopback: { ...good, hostAddress: "127.0.0.2" },
  "a group": { ...good, hostAddress: "239.1.2.3" },
  everybody: { ...good, hostAddress: "255.255.255.255" },
  "this host": { ...good, hostAddress: "192.0.2.1" },
  "the other family": { ...good, hostAddress: "2001:db8::7" },
  "a group of IPv6": { ...good, hostAddress: "ff02::1" },
  "an address with a length": { ...good, hostAddress: "192.0.2.7/24" },
  "an inner group": { ...good, ipv4: "224.0.0.1" },
  "an inner loopback": { ...good, ipv4: "127.0.0.1" },
  "the wrong family": { ...good, ipv4: "fd00::4" },
  "an inner number": { ...good, ipv6: 3 },
  "loopback inside": { ...good, ipv6: "::1" },
  "a mapped address": { ...good, ipv6: "::ffff:127.0.0.1" },
};

class Told implements PeersListener {
  readonly peers = new Map<string, Peer>();
  settledOnce = false;
  put(peer: Peer): void {
    this.peers.set(peer.endpointId, peer);
  }
  removed(id: string): void {
    this.peers.delete(id);
  }
  settled(peers: readonly Peer[]): void {
    this.peers.clear();
    for (const peer of peers) this.put(peer);
    this.settledOnce = true;
  }
}

test("of peers' records that are not as a host puts them nothing is told, before and after the first listing", async () => {
  const memory = new SharedMemory();
  await using host = await new TestHost("a", memory).registered();
  const store = memory.connect();
  const kind = peerKind(net);
  const put = (id: string, value: PlainData) => store.commit([{ op: "put", kind, id, value }]);
  for (const [what, value] of Object.entries(strange)) await put(`before: ${what}`, value);
  await put("e1", good);
  const told = new Told();
  await host.cluster.peers.attend(net, told);
  await eventually(() => assert.deepEqual([...told.peers.keys()], ["e1"]));
  for (const [what, value] of Object.entries(strange)) await put(`after: ${what}`, value);
  await put("e2", { ...good, mac: "02-42-0A-07-00-04", ipv6: "FD00:0::0004", names: ["x"] });
  await eventually(() => assert.ok(told.peers.has("e2")));
  assert.deepEqual([...told.peers.keys()], ["e1", "e2"]);
  const { mac, ipv6 } = told.peers.get("e2") ?? assert.fail();
  assert.deepEqual([mac, ipv6], ["02:42:0a:07:00:04", "fd00::4"], "as the kernel writes them");
  await store.close();
});

test("who was a peer is none any more when its record becomes a strange one", async () => {
  const memory = new SharedMemory();
  await using host = await new TestHost("a", memory).registered();
  const store = memory.connect();
  const put = (value: PlainData) => store.commit([{ op: "put", kind: peerKind(net), id: "e1", value }]);
  await put(good);
  const told = new Told();
  await host.cluster.peers.attend(net, told);
  assert.ok(told.peers.has("e1"));
  await put({ ...good, hostAddress: "127.0.0.1" });
  await eventually(() => assert.ok(!told.peers.has("e1")));
  await put(good);
  await eventually(() => assert.ok(told.peers.has("e1")));
  await store.close();
});

test("names and ports that could stand in no answer are left out, and so many that no endpoint has them", async () => {
  const memory = new SharedMemory();
  await using host = await new TestHost("a", memory).registered();
  const store = memory.connect();
  const names = [
    "db",
    "a\nb",
    "a b",
    "\u0000",
    "",
    ".",
    "a..b",
    "x".repeat(64),
    `${"y.".repeat(127)}y`,
    7,
    "*.db",
  ];
  const ports = [
    ...good.ports,
    { name: "x", protocol: "tcp", port: 0 },
    { name: "x", protocol: "tcp", port: 1.5 },
  ];
  await store.commit([{ op: "put", kind: peerKind(net), id: "e1", value: { ...good, names, ports } }]);
  const many = Array.from({ length: 5000 }, (_, at) => `n${at}`);
  await store.commit([{ op: "put", kind: peerKind(net), id: "e2", value: { ...good, names: many } }]);
  const told = new Told();
  await host.cluster.peers.attend(net, told);
  assert.deepEqual(told.peers.get("e1")?.names, ["db", "*.db"]);
  assert.deepEqual(told.peers.get("e1")?.ports, good.ports);
  assert.equal(told.peers.get("e2")?.names.length, 256);
  await store.close();
});

test("a host that says it is where no host can be is told to nobody, and was there no longer", async () => {
  const memory = new SharedMemory();
  const hosts = new Map<string, ClusterHost>();
  const listener: HostsListener = {
    came: (host) => hosts.set(host.id, host),
    went: ({ id }) => hosts.delete(id),
  };
  await using host = await new TestHost("a", memory).registered();
  const store = memory.connect();
  const put = (id: string, value: PlainData) => store.commit([{ op: "put", kind: hostKind, id, value }]);
  await put("x", { name: "x", address: "127.0.0.1" });
  await put("y", { name: "y\u001b[2J", address: "192.0.2.8" });
  await put("z", { name: "z", address: "192.0.2.9" });
  host.cluster.followHosts(listener);
  await eventually(() => assert.deepEqual([...hosts.keys()].sort(), ["a", "z"]));
  await put("z", { name: "z", address: "0.0.0.0" });
  await eventually(() => assert.deepEqual([...hosts.keys()], ["a"]));
  await store.close();
});

test("a pool's record that is no subnet keeps nobody from taking another pool", async () => {
  const memory = new SharedMemory();
  await using host = await new TestHost("a", memory).registered();
  const store = memory.connect();
  for (const id of ["everything", "10.0.0.1/24", ""])
    await store.commit([{ op: "put", kind: poolKind, id, value: {} }]);
  assert.equal((await makeNetwork(host, { id: net, name: "web" })).pool, "10.0.0.0/24");
  await store.close();
});

test("what is no JSON is told as null, and what comes after it is told", async () => {
  const follower = new Follower("kind");
  follower.put("a", { value: "{", revision: 1 });
  follower.put("b", { value: "7", revision: 2 });
  const told: FollowEvent[] = [];
  for await (const event of follower.events()) {
    told.push(event);
    if (told.length === 1) follower.delete("a", 3);
    if (told.length === 3) follower.end();
  }
  const values = told.map((event) =>
    "record" in event ? [event.type, event.record.id, event.record.value] : [],
  );
  assert.deepEqual(values, [
    ["put", "a", null],
    ["put", "b", 7],
    ["delete", "a", null],
  ]);
});

test("one event that cannot be dealt with does not end the following of the others", async () => {
  const memory = new SharedMemory();
  const store = memory.connect();
  const told: string[] = [];
  const mirror = new Mirror(store, "kind", (event) => {
    if (event.type !== "put") return;
    if (event.record.id === "bad") throw new Error("for the test");
    told.push(event.record.id);
  });
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  for (const id of ["a", "bad", "b"]) await store.commit([{ op: "put", kind: "kind", id, value: 1 }]);
  await eventually(() => assert.deepEqual(told, ["a", "b"]));
  assert.match(String(await warned), /for the test/);
  mirror.close();
  await store.close();
});

test("a kind that the store refuses to tell of is followed again, and what has gone meanwhile is told to be gone", async () => {
  const memory = new SharedMemory();
  const store = memory.connect();
  const follow = store.follow.bind(store);
  const put = (id: string) => store.commit([{ op: "put", kind: "kind", id, value: 1 }]);
  await put("a");
  await put("b");
  let refuse: (error: Error) => void = () => undefined;
  store.follow = async function* (kind, signal) {
    const refused = new Promise<never>((_, reject) => {
      refuse = reject;
    });
    const events = follow(kind, signal)[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await Promise.race([events.next(), refused]);
      if (done === true) return;
      yield value;
    }
  };
  const told: string[] = [];
  let removed: Promise<number> | undefined;
  const tell = (event: FollowEvent) => {
    told.push("record" in event ? `${event.type} ${event.record.id}` : event.type);
    if (event.type !== "stale") return;
    assert.ok(!mirror.isSettled);
    removed = store.commit([{ op: "delete", kind: "kind", id: "a" }]);
  };
  const mirror = new Mirror(store, "kind", tell, 1);
  await mirror.settled();
  refuse(forbidden("store_forbidden", "for the test"));
  await eventually(() => assert.equal(told.filter((one) => one === "settled").length, 2));
  await removed;
  assert.deepEqual(told, ["put a", "put b", "settled", "stale", "put b", "delete a", "settled"]);
  assert.deepEqual([...mirror.records.keys()], ["b"]);
  mirror.close();
  await store.close();
});

test("that a kind cannot be followed is said once for as long as it lasts, and again when it was followed meanwhile", async () => {
  const store = new SharedMemory().connect();
  const follow = store.follow.bind(store);
  let refusals = 0;
  let isForbidden = true;
  store.follow = async function* (kind, signal) {
    if (!isForbidden) {
      for await (const event of follow(kind, signal)) {
        yield event;
        if (event.type === "settled") break;
      }
    }
    isForbidden = true;
    refusals++;
    throw forbidden("store_forbidden", "for the test");
  };
  using warned = hearWarnings();
  const mirror = new Mirror(store, "kind", () => undefined, 1);
  await eventually(() => assert.ok(refusals >= 3));
  assert.equal(warned.texts.length, 1, warned.texts.join());
  assert.match(warned.texts[0] ?? "", /records of kind kind .* for the test/);
  isForbidden = false;
  const before = refusals;
  await eventually(() => assert.ok(refusals >= before + 3));
  assert.equal(warned.texts.length, 2);
  mirror.close();
  await store.close();
});
