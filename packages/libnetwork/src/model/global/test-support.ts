/**
 * Hosts of a cluster for tests of the model: controllers without a kernel, over one store in memory.
 */
import assert from "node:assert/strict";
import { eventually } from "../../../../../test/support/eventually.ts";
import { SharedMemory } from "../../store/shared/memory-shared-store.ts";
import { FakeController } from "../test-support.ts";

/** Two that are registered, `a` and `b`, and a connection to their store that is nobody's. */
export async function twoHosts() {
  const memory = new SharedMemory();
  const [one, two, stranger] = [memory.connect(), memory.connect(), memory.connect()] as const;
  const [controller, other] = await Promise.all([
    FakeController.open({ shared: { id: "a", store: one } }),
    FakeController.open({ shared: { id: "b", store: two } }),
  ]);
  await eventually(() => assert.equal(memory.entries("host").length, 2));
  return {
    memory,
    stranger,
    controller,
    other,
    /** By which the second is told. */
    otherStore: two,
    async [Symbol.asyncDispose]() {
      await Promise.all([controller.close(), other.close()]);
      for (const store of [one, two, stranger]) await store.close();
    },
  };
}
