import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import type { Peer } from "../contracts/overlay.ts";
import { hasCode } from "../errors.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { claimKind, hostKind, peerKind } from "./kinds.ts";
import { recordsOf, TestHost } from "./test-support.ts";

const put = (id: string) => ({ op: "put", kind: "kind", id, value: 1 }) as const;

test("a commit that meets a fence happens under the claim that there is then, however late the fence is answered", async () => {
  const memory = new SharedMemory();
  await using host = await new TestHost("a", memory).registered();
  const { membership } = host.cluster;
  const commit = host.store.commit.bind(host.store);
  host.store.commit = async (changes) => {
    const revision = await commit(changes);
    const isFence = changes.some(({ op, kind }) => op === "put" && kind === claimKind);
    for (let turns = isFence ? 20 : 0; turns > 0; turns--) await new Promise(setImmediate);
    return revision;
  };
  const fenced = membership.fence();
  await membership.commit([put("x")]);
  await fenced;
  await membership.commit([put("y")]);
  assert.deepEqual([...(await recordsOf(memory, "kind")).keys()], ["x", "y"]);
  assert.ok(membership.isAlive);
});

test("a host whose claim is gone registers anew, whether a fence or a commit finds that", async () => {
  const memory = new SharedMemory();
  await using host = await new TestHost("a", memory).registered();
  const store = memory.connect();
  const { membership } = host.cluster;
  let claimed = 0;
  membership.listen({
    async claimed() {
      claimed++;
    },
  });
  for (const find of [() => membership.fence(), () => membership.commit([put("x")])]) {
    await store.commit([{ op: "delete", kind: claimKind, id: "a" }]);
    await assert.rejects(find(), { code: "store_unavailable" });
    await eventually(() => assert.ok(membership.isAlive));
    assert.ok((await recordsOf(memory, claimKind)).has("a"));
  }
  assert.equal(claimed, 2, "what follows from a claim follows from each");
  await membership.commit([put("x")]);
  await store.close();
});

test("a host whose claim has ended before its life registers anew", async () => {
  const memory = new SharedMemory();
  await using host = await new TestHost("a", memory).registered();
  const [claim] = host.store.leases;
  memory.expire(claim?.id ?? assert.fail());
  assert.deepEqual(memory.entries(claimKind), []);
  await eventually(() => assert.equal(memory.entries(claimKind).length, 1));
  await host.cluster.membership.commit([put("x")]);
});

/** A host of the id that all of them have; what it puts of a kind is held up until it is let go. */
function heldUp(memory: SharedMemory, address: string, kind: string) {
  const host = new TestHost("a", memory, () => 0, address);
  const { promise: isLetGo, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: isHeld, resolve: hold } = Promise.withResolvers<void>();
  const commit = host.store.commit.bind(host.store);
  host.store.commit = async (changes) => {
    if (changes.some((change) => change.op === "put" && change.kind === kind)) {
      hold();
      await isLetGo;
    }
    return await commit(changes);
  };
  return {
    host,
    isHeld,
    letGo,
    async [Symbol.asyncDispose]() {
      letGo();
      await host[Symbol.asyncDispose]();
    },
  };
}

const peer: Peer = {
  networkId: "n",
  endpointId: "e",
  hostId: "a",
  hostAddress: "192.0.2.7",
  mac: "02:00:00:00:00:01",
  ipv4: "10.0.0.2",
  names: [],
  ports: [],
};

test("what needs a host's place waits while it registers: a commit for its claim, a peer until others know that it lives", async () => {
  const memory = new SharedMemory();
  await using claiming = heldUp(memory, "192.0.2.7", claimKind);
  const { membership, peers } = claiming.host.cluster;
  await claiming.isHeld;
  const committed = membership.commit([put("x")]);
  assert.deepEqual(memory.entries("kind"), []);
  claiming.letGo();
  await committed;
  await peers.put(peer);
  assert.equal(memory.entries(peerKind("n")).length, 1);

  const another = new SharedMemory();
  await using living = heldUp(another, "192.0.2.7", hostKind);
  await living.isHeld;
  const told = living.host.cluster.peers.put(peer);
  await living.host.cluster.membership.commit([put("x")]);
  assert.deepEqual(another.entries(peerKind("n")), []);
  living.letGo();
  await told;
  assert.equal(another.entries(peerKind("n")).length, 1);
});

test("who waits for a host's place is told at once that its store is away, that another has its id, or that it is closed", async () => {
  const whileClaiming = async (what: (host: TestHost) => unknown, code: string) => {
    await using claiming = heldUp(new SharedMemory(), "192.0.2.7", claimKind);
    const { host } = claiming;
    await claiming.isHeld;
    const before = performance.now();
    const refused = assert.rejects(host.cluster.membership.registered(), { code });
    await what(host);
    claiming.letGo();
    await refused;
    assert.ok(performance.now() - before < 2000);
  };
  await whileClaiming((host) => host.store.memory.cutOff(), "store_unavailable");
  await whileClaiming((host) => void host.cluster.close(), "store_unavailable");
  const memory = new SharedMemory();
  await using _host = await new TestHost("a", memory).registered();
  await using twin = new TestHost("a", memory, () => 0, "192.0.2.7");
  const refused = twin.cluster.membership.registered().catch((error: unknown) => error);
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  const answer: unknown = await Promise.race([refused, "waits"]);
  assert.ok(hasCode(answer, "host_id_in_use"), String(answer));
});

test("a host's place is waited for three seconds", async (context) => {
  await using claiming = heldUp(new SharedMemory(), "192.0.2.7", claimKind);
  await claiming.isHeld;
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const refused = assert.rejects(
    claiming.host.cluster.membership.registered(),
    /is not registered there yet/,
  );
  context.mock.timers.tick(2999);
  await new Promise(setImmediate);
  assert.equal(await Promise.race([refused, "waits"]), "waits");
  context.mock.timers.tick(1);
  await refused;
  context.mock.timers.reset();
});

test("a host that looked before another with its id was there takes nothing from that one", async () => {
  const memory = new SharedMemory();
  await using twin = heldUp(memory, "192.0.2.7", claimKind);
  await twin.isHeld;
  await using _host = await new TestHost("a", memory).registered();
  const claims = memory.entries(claimKind);
  twin.letGo();
  await eventually(() => assert.equal(twin.host.cluster.refusal?.code, "host_id_in_use"));
  assert.deepEqual(memory.entries(claimKind), claims);
});

test("a host lives under no claim but the one that stands, where others of its id register at a time", async () => {
  const memory = new SharedMemory();
  await using first = heldUp(memory, "192.0.2.7", hostKind);
  await first.isHeld;
  await using last = heldUp(memory, "192.0.2.8", hostKind);
  await last.isHeld;
  first.letGo();
  await first.host.registered();
  const [[, claim] = assert.fail()] = memory.entries(claimKind);
  assert.equal(first.host.cluster.membership.stillClaimed().ifRevision, claim.revision);
  last.letGo();
  await eventually(() => assert.equal(last.host.cluster.refusal?.code, "host_id_in_use"));
  assert.ok(first.host.cluster.membership.isAlive);
});

test("a host's former life lasts until the next has begun", async () => {
  const memory = new SharedMemory();
  const before = await new TestHost("a", memory, () => 0, "192.0.2.7").registered();
  await before.kill();
  await using next = heldUp(memory, "192.0.2.7", hostKind);
  await next.isHeld;
  await next.host.cluster.peers.remove("n", "e");
  assert.equal(memory.entries(hostKind).length, 1, "the others know it still");
  next.letGo();
  await next.host.registered();
  await eventually(() => assert.equal(memory.entries(hostKind).length, 1));
});

/** How often a host ends leases that are not its own. */
function countEndings({ store }: TestHost) {
  const endLease = store.endLease.bind(store);
  const count = { times: 0 };
  store.endLease = (id) => {
    count.times++;
    return endLease(id);
  };
  return count;
}

test("two runs of one host do not end each other's lives in turns", async () => {
  const memory = new SharedMemory();
  await using first = await new TestHost("a", memory).registered();
  const byFirst = countEndings(first);
  const lives = first.store.leases.length;
  await using second = new TestHost("a", memory);
  const bySecond = countEndings(second);
  await second.registered();
  await eventually(() => assert.equal(bySecond.times, 1));
  await eventually(() => assert.ok(first.store.leases.length > lives && first.cluster.membership.isAlive));
  await first.cluster.peers.remove("n", "e");
  await second.cluster.peers.remove("n", "e");
  assert.deepEqual([byFirst.times, bySecond.times], [0, 1]);
});
