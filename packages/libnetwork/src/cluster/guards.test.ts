/**
 * What commits expect, so that of two hosts that decide at a time one has to think again: each shown where nothing else would stop it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { addressKind, claimKind, goingKind, networkKind } from "./kinds.ts";
import { sweepHolders } from "./retention.ts";
import { makeNetwork, recordsOf, TestHost } from "./test-support.ts";

const net = "1".repeat(64);

async function scene() {
  const memory = new SharedMemory();
  const host = await new TestHost("a", memory).registered();
  const { poolId } = await makeNetwork(host, { id: net, name: "web" });
  const endpoint = { poolId, address: "10.0.0.9", owner: { networkId: net, endpointId: "e1" } };
  return { memory, host, endpoint, store: memory.connect() };
}

test("no address is taken in a network that another host is about to delete", async () => {
  const { memory, host, endpoint, store } = await scene();
  await using _host = host;
  await store.commit([{ op: "put", kind: goingKind, id: net, value: { host: "b" } }]);
  await assert.rejects(host.cluster.addresses.request(endpoint), { code: "network_going" });
  assert.ok(!(await recordsOf(memory, addressKind(net))).has("10.0.0.9"));
  await store.commit([{ op: "delete", kind: goingKind, id: net }]);
  await host.cluster.addresses.request(endpoint);
  await store.close();
});

test("no address is taken in a network that another host has deleted, where that is told late", async () => {
  const { memory, host, endpoint, store } = await scene();
  await using _host = host;
  await eventually(() => assert.ok(host.cluster.networks.known.has(net)));
  // It is told of nothing any more.
  host.store.memory.hear = () => undefined;
  await store.commit([{ op: "delete", kind: networkKind, id: net }]);
  await assert.rejects(host.cluster.addresses.request(endpoint), { code: "network_not_found" });
  assert.ok(host.cluster.networks.known.has(net));
  assert.ok(!(await recordsOf(memory, addressKind(net))).has("10.0.0.9"));
  await store.close();
});

test("nothing is taken by a host whose claim has ended without its knowledge", async () => {
  const { memory, host, endpoint, store } = await scene();
  await using _host = host;
  await store.commit([{ op: "delete", kind: claimKind, id: "a" }]);
  await assert.rejects(host.cluster.addresses.request(endpoint), { code: "store_unavailable" });
  assert.ok(!(await recordsOf(memory, addressKind(net))).has("10.0.0.9"));
  await store.close();
});

test("what a host holds that comes back while others sweep stays its own", async () => {
  const { memory, host, endpoint, store } = await scene();
  await host.cluster.addresses.request(endpoint);
  await host.kill();
  await store.commit([{ op: "delete", kind: claimKind, id: "a" }]);
  const list = store.list.bind(store);
  store.list = async (kind) => {
    const found = await list(kind);
    // It is looked for claims once, and then for what is held.
    if (kind.startsWith("held."))
      await store.commit([{ op: "put", kind: claimKind, id: "a", value: { name: "a" } }]);
    return found;
  };
  await sweepHolders(store);
  assert.ok((await recordsOf(memory, addressKind(net))).has("10.0.0.9"));
  await store.commit([{ op: "delete", kind: claimKind, id: "a" }]);
  store.list = list;
  await sweepHolders(store);
  assert.ok(
    !(await recordsOf(memory, addressKind(net))).has("10.0.0.9"),
    "where it stays away they are anybody's",
  );
  await store.close();
});
