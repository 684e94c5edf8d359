import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import type { Peer } from "../contracts/overlay.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { storeUnavailable } from "./failures.ts";
import { makeNetwork, passRetention, recordsOf, TestHost } from "./test-support.ts";

const net = (digit: string) => digit.repeat(64);

async function twoHosts(delay?: () => number) {
  const memory = new SharedMemory();
  const [a, b] = await Promise.all(["a", "b"].map((id) => new TestHost(id, memory, delay).registered()));
  assert.ok(a && b);
  return { memory, a, b };
}

test("a network is made once under a name, and is known on every host", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const made = await makeNetwork(a, { id: net("1"), name: "web" });
  assert.equal(made.pool, "10.0.0.0/24");
  await eventually(() => assert.ok(b.cluster.networks.known.has(made.id)));
  await assert.rejects(makeNetwork(b, { id: net("2"), name: "web" }), { code: "network_name_in_use" });
  // What was taken for the second is given back.
  assert.deepEqual([...(await recordsOf(memory, "pool")).keys()], ["10.0.0.0/24"]);
  assert.equal((await recordsOf(memory, "number.vni")).size, 1);
  assert.equal((await recordsOf(memory, `address.${net("2")}`)).size, 0);
  assert.equal((await recordsOf(memory, "held.b")).size, 0);
});

test("pools overlap none of another host", async () => {
  const { a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  await makeNetwork(a, { id: net("1"), name: "web", subnet: "10.5.0.0/16" });
  await assert.rejects(makeNetwork(b, { id: net("2"), name: "db", subnet: "10.5.6.0/24" }), {
    code: "pool_overlap",
  });
  const [one, two] = await Promise.all([
    makeNetwork(a, { id: net("3"), name: "x" }),
    makeNetwork(b, { id: net("4"), name: "y" }),
  ]);
  assert.notEqual(one.pool, two.pool);
  assert.notEqual(one.vni, two.vni);
});

test("an address is one endpoint's, and somebody else's after that", async () => {
  const { memory, a, b } = await twoHosts(() => 2);
  await using _a = a;
  await using _b = b;
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  const owner = { networkId: id, endpointId: "e1" };
  const { address } = await a.cluster.addresses.request({ poolId, address: "10.0.0.9", owner });
  assert.equal(address, "10.0.0.9/24");
  const other = { networkId: id, endpointId: "e2" };
  const wish = { poolId, address: "10.0.0.9", owner: other };
  await assert.rejects(b.cluster.addresses.request(wish), { code: "address_in_use" });
  // Who does not have it gives nothing back.
  await b.cluster.addresses.release("10.0.0.9", other);
  await a.cluster.addresses.release("10.0.0.9", { networkId: id, endpointId: "e3" });
  await assert.rejects(b.cluster.addresses.request(wish), { code: "address_in_use" });
  await a.cluster.addresses.release("10.0.0.9", owner);
  // Though nobody has told it yet.
  assert.equal((await b.cluster.addresses.request(wish)).address, "10.0.0.9/24");
  assert.deepEqual((await recordsOf(memory, `address.${id}`)).get("10.0.0.9"), { host: "b", endpoint: "e2" });
});

test("a number that was asked for is one network's", async () => {
  const { a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const range = { from: 1, to: 2 };
  assert.equal(await a.cluster.numbers.claim("vni", range, "n1", 2), 2);
  assert.equal(await a.cluster.numbers.claim("vni", range, "n1", 2), 2);
  await assert.rejects(b.cluster.numbers.claim("vni", range, "n2", 2), { code: "number_taken" });
  assert.equal(await b.cluster.numbers.claim("vni", range, "n2"), 1);
  await assert.rejects(b.cluster.numbers.claim("vni", range, "n3"), { code: "numbers_exhausted" });
  await a.cluster.numbers.release("vni", 2, "n1");
  assert.equal(await b.cluster.numbers.claim("vni", range, "n3"), 2);
});

test("a network goes where nobody has an endpoint in it, with all that it has", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  const owner = { networkId: id, endpointId: "e1" };
  const { address } = await b.cluster.addresses.request({ poolId, owner });
  await assert.rejects(a.cluster.networks.delete(id), {
    code: "network_has_endpoints",
    detail: { hosts: ["b"] },
  });
  // And goes on as before.
  await b.cluster.addresses.request({ poolId, owner: { networkId: id, endpointId: "e2" } });
  await b.cluster.addresses.release(address.split("/")[0] ?? "", owner);
  await assert.rejects(a.cluster.networks.delete(id), { code: "network_has_endpoints" });
  for (const [held, value] of await recordsOf(memory, `address.${id}`)) {
    const endpointId = (value as { endpoint?: string }).endpoint;
    if (endpointId !== undefined) await b.cluster.addresses.release(held, { networkId: id, endpointId });
  }
  await b.cluster.networks.delete(id);
  for (const kind of [
    "network",
    "network-name",
    "pool",
    "number.vni",
    `address.${id}`,
    "held.a",
    "held.b",
    "network-going",
  ])
    assert.equal((await recordsOf(memory, kind)).size, 0, kind);
  const late = a.cluster.addresses.request({ poolId, owner: { networkId: id, endpointId: "e4" } });
  await assert.rejects(late, { code: "network_not_found" });
});

test("what a dead host holds is its own until its retention is over, and then anybody's", async () => {
  const { memory, a, b } = await twoHosts();
  await using _b = b;
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  const owner = { networkId: id, endpointId: "e1" };
  await a.cluster.addresses.request({ poolId, address: "10.0.0.9", owner });
  await a.cluster.numbers.claim("vni", { from: 1, to: 9 }, "unmade", 5);
  await a.kill();
  const wish = { poolId, address: "10.0.0.9", owner: { networkId: id, endpointId: "e2" } };
  await passRetention(memory, []);
  await assert.rejects(b.cluster.addresses.request(wish), { code: "address_in_use" });
  await passRetention(memory, [a]);
  await eventually(async () =>
    assert.equal((await b.cluster.addresses.request(wish)).address, "10.0.0.9/24"),
  );
  assert.equal((await recordsOf(memory, "held.a")).size, 0);
  assert.deepEqual([...(await recordsOf(memory, "holder")).keys()], ["b"]);
  assert.equal((await recordsOf(memory, "number.vni")).has("5"), false);
  assert.equal((await recordsOf(memory, "network")).size, 1);
});

test("a host that was away for longer takes its addresses again, but for what others have", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  const kept = ["10.0.0.8", "10.0.0.9"].map((address, at) => ({
    networkId: id,
    endpointId: `e${at}`,
    address,
  }));
  for (const { address, endpointId } of kept)
    await a.cluster.addresses.request({ poolId, address, owner: { networkId: id, endpointId } });
  assert.deepEqual(await a.cluster.addresses.retake(kept), []);
  a.store.memory.cutOff();
  await assert.rejects(a.cluster.addresses.retake(kept), { code: "store_unavailable" });
  await passRetention(memory, [a]);
  const other = { networkId: id, endpointId: "x" };
  await eventually(() => b.cluster.addresses.request({ poolId, address: "10.0.0.9", owner: other }));
  a.store.memory.back();
  await eventually(() => assert.ok(a.cluster.membership.isAlive));
  await eventually(async () => {
    const lost = await a.cluster.addresses.retake(kept);
    assert.deepEqual(
      lost.map(({ address }) => address),
      ["10.0.0.9"],
    );
  });
  assert.deepEqual((await recordsOf(memory, `address.${id}`)).get("10.0.0.8"), { host: "a", endpoint: "e0" });
});

test("what is given back while the store is away is given back when it is there again", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  const owner = { networkId: id, endpointId: "e1" };
  await a.cluster.addresses.request({ poolId, address: "10.0.0.9", owner });
  a.store.memory.cutOff();
  await a.cluster.addresses.release("10.0.0.9", owner);
  assert.equal((await recordsOf(memory, `address.${id}`)).has("10.0.0.9"), true);
  a.store.memory.back();
  await eventually(async () =>
    assert.equal((await recordsOf(memory, `address.${id}`)).has("10.0.0.9"), false),
  );
});

test("what may have been taken is given back when the answer is lost", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  a.store.memory.loseAnswer();
  const owner = { networkId: id, endpointId: "e1" };
  await assert.rejects(a.cluster.addresses.request({ poolId, address: "10.0.0.9", owner }), {
    code: "store_unavailable",
  });
  await eventually(async () => assert.equal((await recordsOf(memory, "held.a")).size, 0));
  assert.equal((await recordsOf(memory, `address.${id}`)).has("10.0.0.9"), false);
});

test("what a commit takes that happens long after its answer was lost is given back, or is not taken", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  a.store.isLate = true;
  const owner = { networkId: id, endpointId: "e1" };
  const away = { code: "store_unavailable" };
  await assert.rejects(a.cluster.addresses.request({ poolId, address: "10.0.0.9", owner }), away);
  const peer: Peer = {
    endpointId: "e1",
    networkId: id,
    hostId: "a",
    hostAddress: "192.0.2.1",
    mac: "02:00:00:00:00:01",
    names: [],
    ports: [],
  };
  a.store.isLate = true;
  await assert.rejects(a.cluster.peers.put(peer), away);
  await a.cluster.peers.remove(id, "e1");
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  assert.equal((await recordsOf(memory, "held.a")).size, 0);
  assert.equal((await recordsOf(memory, `address.${id}`)).has("10.0.0.9"), false);
  assert.equal((await recordsOf(memory, `peer.${id}`)).size, 0);
  // What is asked for meanwhile is not in the way of that.
  a.store.isLate = true;
  const asked = ["e2", "e3", "e4", "e5"].map((endpointId) =>
    a.cluster.addresses.request({ poolId, owner: { networkId: id, endpointId } }),
  );
  const outcomes = (await Promise.allSettled(asked)).map(({ status }) => status);
  assert.deepEqual(outcomes.sort(), ["fulfilled", "fulfilled", "fulfilled", "rejected"]);
  await eventually(async () => assert.equal((await recordsOf(memory, "held.a")).size, 3));
  await makeNetwork(a, { id: net("2"), name: "db" });
});

test("peers live as long as their host, and are put again when it is back", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const peer: Peer = {
    endpointId: "e1",
    networkId: "n",
    hostId: "a",
    hostAddress: "192.0.2.1",
    mac: "02:00:00:00:00:01",
    ipv4: "10.0.0.9",
    names: ["web"],
    ports: [{ name: "http", protocol: "tcp", port: 80 }],
  };
  const told: unknown[] = [];
  const listener = {
    put: (one: Peer) => told.push(one),
    removed: (id: string) => told.push(id),
    settled: (all: readonly Peer[]) => told.push(all),
  };
  await b.cluster.peers.attend("n", listener);
  await a.cluster.peers.put(peer);
  await eventually(() => assert.deepEqual(told, [[], peer]));
  const life = a.store.leases.at(-1);
  assert.ok(life !== undefined);
  memory.expire(life.id);
  await eventually(() => assert.deepEqual(told, [[], peer, "e1", peer]));
  a.store.memory.cutOff();
  await a.cluster.peers.remove("n", "e1");
  assert.equal(told.length, 4);
  a.store.memory.back();
  await eventually(() => assert.deepEqual(told.slice(4), ["e1"]));
});

test("what is told of an endpoint without an answer does not come after what is told of it then", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const peer = { endpointId: "e1", networkId: "n", hostId: "a", hostAddress: "192.0.2.1", ports: [] };
  const [before, now] = ["02:00:00:00:00:01", "02:00:00:00:00:02"].map((mac) => ({
    ...peer,
    mac,
    names: [],
  }));
  assert.ok(before && now);
  a.store.isLate = true;
  await assert.rejects(a.cluster.peers.put(before), { code: "store_unavailable" });
  await a.cluster.peers.put(now);
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  assert.deepEqual((await recordsOf(memory, "peer.n")).get("e1"), now);
});

test("a network's peers are told once, however often it is asked for, and no more when nobody asks", async () => {
  const { a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const put = (endpointId: string) =>
    a.cluster.peers.put({
      endpointId,
      networkId: "n",
      hostId: "a",
      hostAddress: "192.0.2.1",
      mac: "02:00:00:00:00:01",
      names: [],
      ports: [],
    });
  const listening = () => {
    const told: string[] = [];
    const listener = {
      put: ({ endpointId }: Peer) => told.push(endpointId),
      removed: (id: string) => told.push(id),
      settled: (all: readonly Peer[]) => told.push(...all.map(({ endpointId }) => endpointId)),
    };
    return { told, listener };
  };
  const [one, two] = [listening(), listening()];
  await b.cluster.peers.attend("n", one.listener);
  await b.cluster.peers.attend("n", one.listener);
  await put("e1");
  await put("e2");
  await eventually(() => assert.ok(one.told.includes("e2")));
  b.cluster.peers.neglect("n");
  await b.cluster.peers.attend("n", two.listener);
  await put("e3");
  await eventually(() => assert.deepEqual(two.told, ["e1", "e2", "e3"]));
  assert.deepEqual(one.told, ["e1", "e2"]);
});

test("hosts hear of each other, and of those that are gone when their life is over", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const told: string[] = [];
  b.cluster.followHosts({
    came: ({ id, address }) => told.push(`${id} came ${address}`),
    went: ({ id }) => told.push(`${id} went`),
  });
  await eventually(() => assert.deepEqual(told, ["a came 192.0.2.1", "b came 192.0.2.2"]));
  await a.kill();
  const life = a.store.leases.at(-1);
  assert.ok(life !== undefined);
  memory.expire(life.id);
  await eventually(() => assert.deepEqual(told.slice(2), ["a went"]));
});

test("a host that the store forbids to register says so once, does not press, and is taken in when it may", async (t) => {
  const warnings: string[] = [];
  t.mock.method(process, "emitWarning", (warning: string) => warnings.push(warning));
  await using host = new TestHost("a", new SharedMemory());
  host.store.isForbidden = true;
  await eventually(() => assert.equal(host.cluster.refusal?.code, "store_forbidden"));
  await assert.rejects(makeNetwork(host, { id: net("1"), name: "web" }), { code: "store_forbidden" });
  await eventually(() => assert.ok(host.store.refusals >= 2));
  assert.deepEqual(warnings, ["permission denied"]);
  host.store.isForbidden = false;
  await host.registered();
  assert.equal(host.cluster.refusal, undefined);
});

test("a host with the id of another is not taken in while that one lives, and takes nothing from it", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  const owner = { networkId: id, endpointId: "e1" };
  await a.cluster.addresses.request({ poolId, address: "10.0.0.9", owner });
  const claims = await recordsOf(memory, "host-claim");
  await using twin = new TestHost("a", memory, () => 0, "192.0.2.7");
  await eventually(() => assert.equal(twin.cluster.refusal?.code, "host_id_in_use"));
  assert.match(twin.cluster.refusal?.message ?? "", /a, 192\.0\.2\.1, has the same id/);
  const other = { networkId: id, endpointId: "e2" };
  const refused = { code: "host_id_in_use" };
  await assert.rejects(twin.cluster.addresses.request({ poolId, owner: other }), refused);
  await assert.rejects(makeNetwork(twin, { id: net("2"), name: "db" }), refused);
  await assert.rejects(twin.cluster.networks.delete(id), refused);
  await twin.cluster.addresses.release("10.0.0.9", owner);
  await twin.cluster.peers.remove(id, "e1");
  assert.ok((await recordsOf(memory, `address.${id}`)).has("10.0.0.9"));
  assert.deepEqual(await recordsOf(memory, "host-claim"), claims);
  await a.cluster.addresses.request({ poolId, owner: other });
  assert.equal(a.cluster.refusal, undefined);
  // The former host's life is over: this is the one with the id, and the other one is not when it comes back.
  a.store.memory.cutOff();
  const life = a.store.leases.at(-1);
  assert.ok(life !== undefined);
  memory.expire(life.id);
  await twin.registered();
  assert.equal(twin.cluster.refusal, undefined);
  a.store.memory.back();
  await eventually(() => assert.equal(a.cluster.refusal?.code, "host_id_in_use"));
  await assert.rejects(a.cluster.addresses.request({ poolId, owner }), refused);
});

test("what an earlier run told of endpoints that have left is gone as soon as the next is there, and what it tells again stays throughout", async () => {
  const memory = new SharedMemory();
  const a = await new TestHost("a", memory).registered();
  const peer = (endpointId: string): Peer => ({
    endpointId,
    networkId: "n",
    hostId: "a",
    hostAddress: "192.0.2.1",
    mac: "02:00:00:00:00:01",
    names: [],
    ports: [],
  });
  for (const id of ["stays", "left"]) await a.cluster.peers.put(peer(id));
  await using b = await new TestHost("b", memory).registered();
  const told: unknown[] = [];
  await b.cluster.peers.attend("n", {
    put: ({ endpointId }) => told.push(`put ${endpointId}`),
    removed: (id) => told.push(`removed ${id}`),
    settled: (all) => told.push(all.map(({ endpointId }) => endpointId)),
  });
  a.store.memory.cutOff();
  await a.cluster.peers.remove("n", "left");
  await a.kill();
  assert.deepEqual(told, [["left", "stays"]]);
  // Nothing has told time by now: the former life is not over.
  await using again = new TestHost("a", memory);
  again.cluster.peers.putSoon(peer("stays"));
  await eventually(() => assert.deepEqual(told, [["left", "stays"], "put stays", "removed left"]));
  // A life that begins anew later ends nobody else's.
  await again.registered();
  const hosts = await recordsOf(memory, "host");
  assert.deepEqual([...hosts.keys()], ["a", "b"]);
});

test("a host that finds a lease in its record that is none is taken in", async () => {
  const memory = new SharedMemory();
  const stranger = memory.connect();
  const value = { name: "a", address: "192.0.2.1", lease: "no lease" };
  await stranger.commit([{ op: "put", kind: "host", id: "a", value }]);
  await using a = new TestHost("a", memory);
  // As etcd's ids are numbers.
  a.store.endLease = () => Promise.reject(new SyntaxError("Cannot convert no lease to a BigInt"));
  await a.registered();
  await a.cluster.peers.remove("n", "e1");
  assert.equal((await recordsOf(memory, "host")).size, 1);
  await stranger.close();
});

test("what an earlier run told goes also where the store was away when it was to go, and once", async () => {
  const memory = new SharedMemory();
  const before = await new TestHost("a", memory).registered();
  const told = { networkId: "n", endpointId: "left", hostId: "a", hostAddress: "192.0.2.1" };
  await before.cluster.peers.put({ ...told, mac: "02:00:00:00:00:01", names: [], ports: [] });
  await before.kill();
  await using a = new TestHost("a", memory);
  const endLease = a.store.endLease.bind(a.store);
  let times = 0;
  a.store.endLease = (id) => {
    times++;
    return times === 1 ? Promise.reject(storeUnavailable("for the test")) : endLease(id);
  };
  await eventually(async () => assert.equal((await recordsOf(memory, "peer.n")).size, 0));
  await a.cluster.peers.remove("n", "left");
  assert.equal(times, 2);
});

test("who deletes a network that another host has deleted meanwhile takes nothing from the next of its name", async () => {
  const { memory, a, b } = await twoHosts();
  await using _a = a;
  await using _b = b;
  const { id } = await makeNetwork(a, { id: net("1"), name: "web" });
  const get = a.store.get.bind(a.store);
  const { promise: isLetGo, resolve: letGo } = Promise.withResolvers<void>();
  a.store.get = async (kind, of) => {
    const found = await get(kind, of);
    if (kind === "network") await isLetGo;
    return found;
  };
  const refused = assert.rejects(a.cluster.networks.delete(id), { code: "network_not_found" });
  await b.cluster.networks.delete(id);
  await makeNetwork(b, { id: net("2"), name: "web" });
  letGo();
  await refused;
  assert.equal((await recordsOf(memory, "network-name")).get("web"), net("2"));
  assert.equal((await recordsOf(memory, "held.a")).size, 0);
});
