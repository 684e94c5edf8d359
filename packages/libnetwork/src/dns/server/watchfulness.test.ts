import assert from "node:assert/strict";
import { test } from "node:test";
import { Watchfulness } from "./watchfulness.ts";

/** Questions that come so many milliseconds after each other; whether it was looking when each came. */
function looking(watchfulness: Watchfulness, pauses: readonly number[]): boolean[] {
  let now = 1000;
  return pauses.map((pause) => {
    // As the loop does: it looks until the moment is over, and sleeps then.
    let looks = watchfulness.looks(now);
    for (let passed = 0.01; looks && passed < pause; passed += 0.01) looks = watchfulness.looks(now + passed);
    now += pause;
    watchfulness.came(now);
    return looks;
  });
}

test("it looks for those who ask again at once, after some have", () => {
  assert.deepEqual(looking(new Watchfulness(), Array(7).fill(0.02)), [
    false,
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});

test("it sleeps where looking was for nothing, until some have asked at once again", () => {
  const watchfulness = new Watchfulness();
  looking(watchfulness, Array(7).fill(0.02));
  const after = looking(watchfulness, [0.5, 0.02, 0.02, 0.02, 0.02, 0.02]);
  assert.deepEqual(after, [false, false, false, false, false, true]);
});

test("it never looks for those who ask now and then", () => {
  assert.ok(!looking(new Watchfulness(), Array(50).fill(0.2)).includes(true));
});
