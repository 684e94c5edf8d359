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
