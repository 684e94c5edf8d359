import assert from "node:assert/strict";
import { test } from "node:test";
import { lastingText, momentOf } from "./go-time.ts";

test("moments are read as Docker's clients write them", () => {
  assert.equal(momentOf("1700000000"), 1_700_000_000_000);
  assert.equal(momentOf("1700000000.250000000"), 1_700_000_000_250);
  assert.equal(momentOf("2026-01-02T03:04:05Z"), Date.UTC(2026, 0, 2, 3, 4, 5));
  assert.equal(momentOf("2026-01-02T03:04:05.5+01:00"), Date.UTC(2026, 0, 2, 2, 4, 5, 500));
  const [before, ago, after] = [Date.now(), momentOf("1h30m"), Date.now()];
  assert.ok(ago >= before - 5_400_000 && ago <= after - 5_400_000);
  for (const text of ["zz", "", "1h2", "2026-13-01", "h"])
    assert.throws(() => momentOf(text), /failed to parse/);
});

test("how long something has lasted is told in Docker's words", () => {
  const minute = 60_000;
  const hour = 60 * minute;
  const texts = [0, 1000, 59_000, minute, 5 * minute, hour, 5 * hour, 50 * hour, 20 * 24 * hour].map(
    lastingText,
  );
  assert.deepEqual(texts, [
    "Less than a second",
    "1 second",
    "59 seconds",
    "About a minute",
    "5 minutes",
    "About an hour",
    "5 hours",
    "2 days",
    "2 weeks",
  ]);
});
