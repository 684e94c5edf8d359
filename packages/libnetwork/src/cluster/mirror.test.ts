import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { Mirror } from "./mirror.ts";

const refusal = (message: RegExp) => ({ code: "store_unavailable", message });

test("who waits for all to be told is told where that does not come: the connection is lost, the store is away, this is closed", async () => {
  const store = new SharedMemory().connect();
  const follow = store.follow.bind(store);
  const { promise: isLost, resolve: lose } = Promise.withResolvers<void>();
  store.follow = async function* (kind, signal) {
    await isLost;
    yield { type: "stale" };
    yield* follow(kind, signal);
  };
  const mirror = new Mirror(store, "kind");
  const waiting = assert.rejects(mirror.settled(), refusal(/connection was lost/));
  lose();
  await waiting;
  await eventually(() => assert.ok(mirror.isSettled));
  await mirror.settled();
  store.cutOff("for the test");
  await eventually(() => assert.ok(!mirror.isSettled));
  const refused = mirror.settled();
  store.back();
  await assert.rejects(refused, refusal(/for the test/));
  await eventually(() => assert.ok(mirror.isSettled));
  mirror.close();
  assert.ok(!mirror.isSettled);
  const other = new Mirror(store, "kind");
  const ended = assert.rejects(other.settled(), refusal(/this is closed/));
  other.close();
  await ended;
  await store.close();
});

test("nothing is told any more once it is closed, also where it has arrived", async () => {
  const store = new SharedMemory().connect();
  let isOver = false;
  store.follow = async function* () {
    try {
      yield { type: "settled" };
      yield { type: "put", record: { kind: "kind", id: "a", revision: 1, value: 1 } };
    } finally {
      isOver = true;
    }
  };
  const told: string[] = [];
  const mirror = new Mirror(store, "kind", ({ type }) => {
    told.push(type);
    mirror.close();
  });
  await eventually(() => assert.ok(isOver));
  assert.deepEqual([told, mirror.records.size], [["settled"], 0]);
  await store.close();
});
