import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConnectionLimit } from "./connection-limit.ts";

/** A limit, and holders by their places, with the names of their connections, the oldest first. */
function scene(most: number) {
  const limit = new ConnectionLimit(most);
  const held: string[][] = [[], [], [], []];
  const gone: string[] = [];
  const holders = Array.from({ length: 4 }, (_, at) => ({
    hangUpOldest: () => remove(at),
  }));
  function remove(at: number): void {
    const name = held[at]?.shift();
    const holder = holders[at];
    if (name === undefined || holder === undefined) return;
    gone.push(name);
    limit.remove(holder);
  }
  const add = (at: number, name: string) => {
    const holder = holders[at];
    if (holder === undefined) return;
    limit.add(holder);
    held[at]?.push(name);
  };
  return { add, remove, held, gone };
}

test("whoever has most gives up its oldest where there are as many as there may be", () => {
  const { add, remove, gone, held } = scene(4);
  for (const name of ["a1", "a2", "a3"]) add(0, name);
  add(1, "b1");
  assert.deepEqual(gone, []);
  add(1, "b2");
  assert.deepEqual(gone, ["a1"]);
  add(2, "c1");
  // Both had two, the first for a longer time.
  assert.deepEqual(gone, ["a1", "a2"]);
  add(3, "d1");
  assert.deepEqual(gone, ["a1", "a2", "b1"]);
  assert.deepEqual(held, [["a3"], ["b2"], ["c1"], ["d1"]]);
  remove(0);
  add(3, "d2");
  assert.deepEqual(held, [[], ["b2"], ["c1"], ["d1", "d2"]]);
});

test("however they come and go, there are never more, and nobody who has fewer than another is hung up on", () => {
  const step = fc.record({ at: fc.nat(3), comes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (steps, most) => {
      const { add, remove, held, gone } = scene(most);
      for (const [number, { at, comes }] of steps.entries()) {
        const before = held.map((names) => names.length);
        const hungUp = gone.length;
        if (!comes) {
          remove(at);
          continue;
        }
        add(at, `${at}-${number}`);
        assert.ok(held.flat().length <= most);
        const [victim] = gone.slice(hungUp);
        if (victim !== undefined) assert.equal(before[Number(victim.split("-")[0])], Math.max(...before));
      }
    }),
  );
});
