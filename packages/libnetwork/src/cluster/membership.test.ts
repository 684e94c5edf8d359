import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { claimKind, hostKind } from "./kinds.ts";
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
