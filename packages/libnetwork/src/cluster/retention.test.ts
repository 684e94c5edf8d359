import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import type { SharedChange } from "../contracts/shared-store.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { claimKind, heldKind, holderKind } from "./kinds.ts";
import { Retention, sweepHolders } from "./retention.ts";

const thing = (id: string) => ({ kind: "thing", id, owner: "n" });

/** A host holds a thing of its id. */
const holding = (id: string): readonly SharedChange[] => [
  { op: "put", kind: holderKind, id, value: { name: id } },
  { op: "put", kind: "thing", id, value: 1 },
  { op: "put", kind: heldKind(id), id: `thing/${id}`, value: thing(id) },
];
const claiming = (id: string): SharedChange => ({ op: "put", kind: claimKind, id, value: { name: id } });

test("what hosts held that are gone is given back: of those that were gone before, and of each that goes", async () => {
  const memory = new SharedMemory();
  const store = memory.connect();
  for (const id of ["a", "b", "c"]) await store.commit(holding(id));
  await store.commit([claiming("b"), claiming("c")]);
  const retention = new Retention(store, 0);
  for (const left of [["b", "c"], ["c"], []]) {
    for (const kind of ["thing", holderKind])
      await eventually(() =>
        assert.deepEqual(
          memory.entries(kind).map(([id]) => id),
          left,
        ),
      );
    const [next] = left;
    if (next !== undefined) await store.commit([{ op: "delete", kind: claimKind, id: next }]);
  }
  await retention.close();
  await store.close();
});

test("a host that came and went again while another swept stays known as long as it holds something", async () => {
  // While its things are looked for, and while it is looked whether there are more.
  for (const at of [1, 2]) {
    const memory = new SharedMemory();
    const [store, sweeping] = [memory.connect(), memory.connect()];
    await store.commit(holding("a"));
    const list = sweeping.list.bind(sweeping);
    let count = 0;
    sweeping.list = async (kind) => {
      const found = await list(kind);
      if (kind === heldKind("a") && ++count === at) await store.commit(holding("a"));
      return found;
    };
    await sweepHolders(sweeping);
    assert.deepEqual(memory.entries(heldKind("a")).length, 1);
    assert.deepEqual(memory.entries(holderKind).length, 1, "else nobody would look for that any more");
    await sweepHolders(sweeping);
    for (const kind of ["thing", holderKind, heldKind("a")]) assert.deepEqual(memory.entries(kind), []);
    await Promise.all([store.close(), sweeping.close()]);
  }
});
