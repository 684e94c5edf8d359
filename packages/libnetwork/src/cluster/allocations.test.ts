/**
 * What a host holds while several of its own ask for things at a time, and while answers do not come.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import type { SharedChange } from "../contracts/shared-store.ts";
import { storeUnavailable } from "../store/failures.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { claimKind, heldKind, hostPortKind } from "./kinds.ts";
import { makeNetwork, recordsOf, TestHost } from "./test-support.ts";

const net = (digit: string) => digit.repeat(64);

const puts = (changes: readonly SharedChange[], kind: string) =>
  changes.some((change) => change.op === "put" && change.kind === kind);

test("networks that one host makes at a time have what they were given, and the host holds none of it any more", async () => {
  const memory = new SharedMemory();
  await using a = await new TestHost("a", memory).registered();
  const made = await Promise.all(
    ["1", "2", "3", "4"].map((digit) => makeNetwork(a, { id: net(digit), name: `web${digit}` })),
  );
  assert.equal((await recordsOf(memory, heldKind("a"))).size, 0);
  const pools = made.map(({ pool }) => pool).sort();
  assert.deepEqual([...(await recordsOf(memory, "pool")).keys()].sort(), pools);
  assert.equal(new Set(pools).size, 4);
});

test("who asks for what another of the host has just been given takes nothing from that one", async () => {
  const memory = new SharedMemory();
  await using a = await new TestHost("a", memory).registered();
  const { numbers, networks } = a.cluster;
  const [first, second] = await Promise.allSettled(
    ["1", "2"].map((digit) => numbers.claim("vni", { from: 1, to: 9 }, net(digit), 7)),
  );
  assert.deepEqual([first?.status, second?.status], ["fulfilled", "rejected"]);
  await numbers.release("vni", 7, net("2"));
  await networks.create({ id: net("1"), name: "web", record: {} });
  assert.equal((await recordsOf(memory, heldKind("a"))).size, 0);
  assert.equal((await recordsOf(memory, "number.vni")).get("7"), net("1"));
});

test("what is being taken, or was in this run, is no remnant", async () => {
  const memory = new SharedMemory();
  await using a = await new TestHost("a", memory).registered();
  const { id, poolId } = await makeNetwork(a, { id: net("1"), name: "web" });
  const { allocations, addresses } = a.cluster;
  const commit = a.store.commit.bind(a.store);
  const { promise: isLetGo, resolve: letGo } = Promise.withResolvers<void>();
  a.store.commit = async (changes) => {
    const revision = await commit(changes);
    if (puts(changes, heldKind("a"))) await isLetGo;
    return revision;
  };
  const owner = { networkId: id, endpointId: "e1" };
  const asking = addresses.request({ poolId, address: "10.0.0.9", owner });
  await eventually(() => assert.equal(memory.entries(heldKind("a")).length, 1));
  await allocations.settle(() => false);
  letGo();
  await asking;
  await allocations.settle(() => false);
  assert.ok((await recordsOf(memory, `address.${id}`)).has("10.0.0.9"));
});

test("what was asked for without an answer is not given back once it is asked for again", async () => {
  const memory = new SharedMemory();
  await using a = await new TestHost("a", memory).registered();
  const { id } = await makeNetwork(a, { id: net("1"), name: "web" });
  const { allocations, addresses } = a.cluster;
  // The answer to the first does not come, and no fence can be made for two calls.
  let unanswered = 1;
  let unfenced = 2;
  const commit = a.store.commit.bind(a.store);
  a.store.commit = async (changes) => {
    if (puts(changes, claimKind) && unfenced-- > 0) throw storeUnavailable("for the test");
    const revision = await commit(changes);
    if (!puts(changes, heldKind("a")) || unanswered-- <= 0) return revision;
    throw storeUnavailable("for the test", { maybeCommitted: true });
  };
  const kept = [{ networkId: id, endpointId: "e1", address: "10.0.0.9" }];
  // As after a restart.
  const takeAgain = async () => {
    await allocations.settle(() => true);
    return addresses.retake(kept);
  };
  await assert.rejects(takeAgain(), { code: "store_unavailable" });
  assert.deepEqual(await eventually(takeAgain), []);
  await allocations.payOwed();
  assert.ok((await recordsOf(memory, `address.${id}`)).has("10.0.0.9"));
  assert.ok(unfenced < 0);
});

test("what was asked for in vain stays with who has got it after all", async () => {
  const memory = new SharedMemory();
  await using a = await new TestHost("a", memory).registered();
  const { id } = await makeNetwork(a, { id: net("1"), name: "web" });
  const { allocations, services } = a.cluster;
  const takePort = () => services.takePorts(id, "www", [{ protocol: "tcp", port: 8000 }]);
  const commit = a.store.commit.bind(a.store);
  a.store.commit = async (changes) => {
    if (puts(changes, heldKind("a"))) throw storeUnavailable("for the test", { maybeCommitted: true });
    throw storeUnavailable("for the test");
  };
  await assert.rejects(takePort(), { code: "store_unavailable" });
  a.store.commit = commit;
  await takePort();
  await allocations.payOwed();
  assert.ok((await recordsOf(memory, hostPortKind)).has("8000/tcp"));
});
