import assert from "node:assert/strict";
import { test } from "node:test";
import { Timers } from "./timers.ts";
import { Turns } from "./turns.ts";

test("so many are taken at a time, of all together, and everybody goes on in the order of waiting", () => {
  let now = 0;
  const timers = new Timers(() => now);
  using turns = new Turns(timers);
  const taken: string[] = [];
  const client = (name: string, messages: number) => {
    let left = messages;
    const goOn = () => {
      while (left-- > 0) {
        taken.push(name);
        if (!turns.take(goOn)) return;
      }
    };
    return goOn;
  };
  const gone = client("gone", 1000);
  for (const start of [client("a", 100), client("b", 10), gone]) start();
  turns.forget(gone);
  assert.equal(taken.length, 64 + 2);
  now = 1;
  timers.run();
  assert.equal(taken.filter((name) => name === "a").length, 100);
  now = 2;
  timers.run();
  assert.equal(taken.filter((name) => name === "b").length, 10);
  assert.equal(taken.length, 111);
});
