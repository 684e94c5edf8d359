import assert from "node:assert/strict";
import { test } from "node:test";
import { EventHub } from "./events.ts";

const subject = { id: "f00d", name: "n" };

/** Of a controller that is open. */
function openHub(): EventHub {
  const hub = new EventHub();
  hub.opened();
  return hub;
}

test("the first reader gets what was found while the controller opened, before all else", async () => {
  const hub = new EventHub();
  hub.emit("sandbox:lost", subject);
  hub.opened();
  hub.emit("network:create", subject);
  const [first, second] = [hub.subscribe(), hub.subscribe()];
  hub.emit("network:delete", subject);
  const types = [];
  for (const reader of [first, first, second]) types.push((await reader.next()).value?.type);
  assert.deepEqual(types, ["sandbox:lost", "network:delete", "network:delete"]);
});

test("tells every reader what happens from its subscription on, in order", async () => {
  const hub = openHub();
  hub.emit("network:create", subject);
  const early = hub.subscribe();
  hub.emit("endpoint:create", subject, { network: "x" });
  const late = hub.subscribe();
  hub.emit("endpoint:join", subject);
  const begun = Date.now();
  const first = await early.next();
  assert.ok(first.done !== true && begun - first.value.time < 1000);
  assert.deepEqual(first.value, {
    type: "endpoint:create",
    time: first.value.time,
    ...subject,
    attributes: { network: "x" },
  });
  for (const reader of [early, late]) {
    const { value } = await reader.next();
    assert.equal(value?.type, "endpoint:join");
  }
});

test("a reader that waits is woken", async () => {
  const hub = openHub();
  const reader = hub.subscribe();
  const waiting = reader.next();
  hub.emit("network:delete", subject);
  assert.equal((await waiting).value?.type, "network:delete");
});

test("ends when the loop is left, the signal aborts or the hub closes; what waited is still read", async () => {
  const hub = openHub();
  const stop = new AbortController();
  const aborted = hub.subscribe(stop.signal);
  const left = hub.subscribe();
  const closed = hub.subscribe();
  hub.emit("network:create", subject);
  for await (const { type } of left) {
    assert.equal(type, "network:create");
    break;
  }
  assert.equal((await left.next()).done, true);

  stop.abort();
  hub.emit("network:delete", subject);
  assert.equal((await aborted.next()).value?.type, "network:create");
  assert.equal((await aborted.next()).done, true);

  hub.close();
  const seen: string[] = [];
  for await (const { type } of closed) seen.push(type);
  assert.deepEqual(seen, ["network:create", "network:delete"]);
});

test("a signal that was aborted before, and a reader that waits while the end comes", async () => {
  const hub = openHub();
  assert.equal((await hub.subscribe(AbortSignal.abort()).next()).done, true);
  const reader = hub.subscribe();
  const waiting = reader.next();
  hub.close();
  assert.equal((await waiting).done, true);
  await using disposed = hub.subscribe();
  await disposed[Symbol.asyncDispose]();
  assert.equal((await disposed.next()).done, true);
});

test("a reader that falls behind loses the oldest", async () => {
  const hub = openHub();
  const reader = hub.subscribe();
  for (let number = 0; number < 10_005; number++) {
    hub.emit("endpoint:create", { id: String(number), name: "n" });
  }
  const { value } = await reader.next();
  assert.equal(value?.id, "5");
});
