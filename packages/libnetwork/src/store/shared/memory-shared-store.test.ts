import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySharedStore, SharedMemory } from "./memory-shared-store.ts";
import { sharedStoreContract } from "./shared-store-contract.ts";

sharedStoreContract("shared memory", () => {
  const memory = new SharedMemory();
  const memoryStore = (store: unknown): MemorySharedStore => {
    assert.ok(store instanceof MemorySharedStore);
    return store;
  };
  return {
    connect: () => memory.connect(),
    expire: (lease) => memory.expire(lease),
    cutOff: (store) => memoryStore(store).cutOff(),
    back: (store) => memoryStore(store).back(),
    compact: () => memory.compact(),
  };
});

test("a commit whose answer is lost has happened, and says that it may have", async () => {
  const store = new SharedMemory().connect();
  store.loseAnswer();
  await assert.rejects(store.commit([{ op: "put", kind: "a", id: "b", value: 1 }]), {
    code: "store_unavailable",
    detail: { maybeCommitted: true },
  });
  assert.equal((await store.get("a", "b"))?.value, 1);
  await store.close();
});
