// What is written without waiting for the disk: there after a kill, on the disk soon, and no reason to refuse a store that a power cut took it from.

import assert from "node:assert/strict";
import { cpSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./test-support.ts";

const put = (id: string) => [{ op: "put", kind: "k", id, value: id } as const];
const ids = (store: SqliteStore) => store.list("k").map(({ id }) => id);

function opened(t: TestContext, stateDir: string): SqliteStore {
  const store = SqliteStore.open(stateDir);
  t.after(() => store.close());
  return store;
}

function scene(t: TestContext) {
  const directory = temporaryDirectory(t);
  const live = join(directory, "live");
  const store = opened(t, live);
  const size = () => readFileSync(join(live, "causeway.db-wal")).length;
  const marked = () => Number(readFileSync(join(live, "causeway.revision"), "latin1").slice(0, 16));
  /** The files as they are at this moment, and the log no longer than that. */
  const left = (name: string, log = size()) => {
    const copy = join(directory, name);
    for (const file of ["causeway.db", "causeway.db-wal", "causeway.revision"])
      cpSync(join(live, file), join(copy, file));
    truncateSync(join(copy, "causeway.db-wal"), log);
    return ids(opened(t, copy));
  };
  return { store, size, marked, left };
}

test("is there after a kill, and may be gone after a power cut, as if it had not been", (t) => {
  const { store, size, marked, left } = scene(t);
  const before = store.commit(put("a"));
  const synced = size();
  store.commitSoon(put("b"));
  store.commitSoon([{ op: "delete", kind: "k", id: "a" }]);
  assert.equal(marked(), before);
  assert.deepEqual(left("killed"), ["b"]);
  assert.deepEqual(left("cut", synced), ["a"]);
});

test("is on the disk with the next commit, or by itself", async (t) => {
  const { store, marked } = scene(t);
  store.commitSoon(put("a"));
  const second = store.commit(put("b"));
  assert.equal(marked(), second);
  const third = store.commitSoon(put("c"));
  await eventually(() => assert.equal(marked(), third));
  assert.deepEqual(ids(store), ["a", "b", "c"]);
});

test("is refused once the store is closed", (t) => {
  const { store } = scene(t);
  store.commitSoon(put("a"));
  store.close();
  assert.throws(() => store.commitSoon(put("b")), { code: "store_closed" });
});
