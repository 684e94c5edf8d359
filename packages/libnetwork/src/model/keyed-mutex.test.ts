import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { KeyedMutex } from "./keyed-mutex.ts";

test("runs one after the other on the same key, in the order of asking", async () => {
  const locks = new KeyedMutex();
  const log: string[] = [];
  const work = (name: string, pause: number) =>
    locks.run(["key"], async () => {
      log.push(`${name} begins`);
      await sleep(pause);
      log.push(`${name} ends`);
      return name;
    });
  assert.deepEqual(await Promise.all([work("a", 5), work("b", 1), work("c", 0)]), ["a", "b", "c"]);
  assert.deepEqual(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("overlaps on different keys", async () => {
  const locks = new KeyedMutex();
  const first = Promise.withResolvers<void>();
  const waiting = locks.run(["a"], () => first.promise);
  await locks.run(["b"], () => first.resolve());
  await waiting;
});

test("holds several keys at once, in whatever order they are named", async () => {
  const locks = new KeyedMutex();
  const log: string[] = [];
  await Promise.all([
    locks.run(["a", "b"], async () => {
      await sleep(3);
      log.push("ab");
    }),
    locks.run(["b", "a"], () => void log.push("ba")),
    locks.run(["b"], () => void log.push("b")),
    locks.run(["c", "c"], () => void log.push("c")),
  ]);
  assert.deepEqual(log, ["c", "ab", "ba", "b"]);
});

test("a failure is the caller's own: the next one gets its turn", async () => {
  const locks = new KeyedMutex();
  const failing = locks.run(["a"], () => {
    throw new Error("no");
  });
  const next = locks.run(["a"], () => "fine");
  await assert.rejects(failing, /no/);
  assert.equal(await next, "fine");
});

test("keys that have changed while one waited are taken anew", async () => {
  const locks = new KeyedMutex();
  const log: string[] = [];
  let place = "a";
  const moving = locks.run(["a"], async () => {
    await sleep(3);
    place = "b";
    log.push("moved");
  });
  const staying = locks.run(["b"], async () => {
    await sleep(6);
    log.push("left b");
  });
  const following = locks.run(
    () => [place],
    () => void log.push(`found at ${place}`),
  );
  await Promise.all([moving, staying, following]);
  assert.deepEqual(log, ["moved", "left b", "found at b"]);
});

test("is idle when the last has ended, those that wait included", async () => {
  const locks = new KeyedMutex();
  let done = 0;
  for (const key of ["a", "a", "b"]) void locks.run([key], () => sleep(2).then(() => done++));
  await locks.idle();
  assert.equal(done, 3);
  await locks.idle();
});

test("nobody ever shares a key, and everybody gets a turn", async () => {
  const keys = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(keys, { maxLength: 12 }), async (wishes) => {
      const locks = new KeyedMutex();
      const held = new Set<string>();
      let done = 0;
      await Promise.all(
        wishes.map((wish) =>
          locks.run(wish, async () => {
            for (const key of new Set(wish)) {
              assert.ok(!held.has(key), `${key} is held by another`);
              held.add(key);
            }
            await Promise.resolve();
            for (const key of wish) held.delete(key);
            done++;
          }),
        ),
      );
      assert.equal(done, wishes.length);
    }),
  );
});
