import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { median, percentile } from "./stats.ts";

test("the median of an odd and of an even number of samples", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test("percentiles by the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.equal(percentile(hundred, 0.95), 95);
  assert.equal(percentile(hundred, 0), 1);
  assert.equal(percentile(hundred, 1), 100);
});

test("no samples are no number, and the caller's array stays as it was", () => {
  assert.ok(Number.isNaN(median([])) && Number.isNaN(percentile([], 0.5)));
  const samples = [3, 1, 2];
  median(samples);
  assert.deepEqual(samples, [3, 1, 2]);
});

test("half of the samples lie on each side of the median", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (samples) => {
      const middle = median(samples);
      const below = samples.filter((sample) => sample < middle).length;
      const above = samples.filter((sample) => sample > middle).length;
      return below <= samples.length / 2 && above <= samples.length / 2;
    }),
  );
});
