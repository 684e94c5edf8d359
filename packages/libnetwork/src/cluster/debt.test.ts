import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { Debt } from "./debt.ts";
import { hasNoPlace, storeUnavailable } from "./failures.ts";

test("what could not be said is said again, also where the store was not away, and nothing more once that is over", async () => {
  const store = new SharedMemory().connect();
  const closing = new AbortController();
  let calls = 0;
  const payAll = async () => {
    calls++;
    if (calls === 1) throw storeUnavailable("this host has to register there again");
    if (calls > 2) throw new Error("for the test");
  };
  const debt = new Debt(store, closing.signal, payAll, hasNoPlace);
  await debt.pay();
  assert.equal(calls, 1);
  await eventually(() => assert.equal(calls, 2));
  await assert.rejects(debt.pay(), /for the test/);
  closing.abort();
  store.cutOff();
  store.back();
  assert.equal(calls, 3);
  await store.close();
});

test("what is owed in the moment in which the last of it was said is said, too", async () => {
  const { signal } = new AbortController();
  const store = new SharedMemory().connect();
  const owed = ["first"];
  const said: string[] = [];
  const say = async () => {
    said.push(...owed.splice(0));
    await new Promise(setImmediate);
  };
  const debt = new Debt(store, signal, say, () => false);
  const first = debt.pay();
  owed.push("second");
  await debt.pay();
  assert.deepEqual(said, ["first", "second"]);
  await first;
  // Whenever it comes.
  for (let turns = 0; turns < 20; turns++) {
    const paying = debt.pay();
    let wait = new Promise(setImmediate) as Promise<unknown>;
    for (let turn = 0; turn < turns; turn++) wait = wait.then(() => undefined);
    await wait;
    owed.push(`at ${turns}`);
    await debt.pay();
    assert.deepEqual(owed, []);
    await paying;
  }
  await store.close();
});
