import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Course, type Outcome } from "./course.ts";

/** A course on a clock of its own, and when it acted, milliseconds after the beginning. */
function scene(t: TestContext, outcomes: (acted: number) => Outcome, lookTime = 0) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const acts: number[] = [];
  let forgotten = 0;
  const course = new Course(
    { kind: "firewall" },
    () => {
      acts.push(now);
      now += lookTime;
      const outcome = outcomes(acts.length);
      if (outcome === "mended" || outcome === "failed") course.mends++;
      course.acted(outcome);
    },
    () => forgotten++,
  );
  /** Time passes in steps, as it does. */
  const pass = (milliseconds: number) => {
    for (const end = now + milliseconds; now < end; ) {
      now += 10;
      t.mock.timers.tick(10);
    }
  };
  return { course, acts, pass, forgotten: () => forgotten };
}

describe("course", () => {
  it("looks at once, and forgets a false alarm", (t) => {
    const { course, acts, pass, forgotten } = scene(t, () => "nothing");
    course.hint();
    assert.deepEqual(acts, [0]);
    pass(1000);
    assert.equal(forgotten(), 1);
  });

  it("waits longer with each mend of what is damaged again, and gives up after six", (t) => {
    const { course, acts, pass } = scene(t, () => (course.exhausted ? "given-up" : "mended"));
    for (let round = 0; round < 3000; round++) {
      course.hint();
      pass(10);
    }
    const times = [0, 250, 750, 1750, 3750, 7750];
    assert.deepEqual(
      acts.slice(0, 6).map((time, at) => Math.abs(time - (times[at] ?? 0)) <= 60),
      Array(6).fill(true),
      acts.join(),
    );
    // The seventh look is the one that gives up; from then on it is quiet, while the hand goes on.
    assert.equal(acts.length, 7);
  });

  it("begins again when it was left alone for a minute after it was given up", (t) => {
    const { course, acts, pass } = scene(t, () => (course.exhausted ? "given-up" : "mended"));
    for (let round = 0; round < 1000; round++) {
      course.hint();
      pass(10);
    }
    const before = acts.length;
    pass(59_000);
    assert.equal(acts.length, before);
    pass(2000);
    assert.equal(acts.length, before + 1);
    assert.equal(course.mends, 1);
  });

  it("takes damage after ten calm seconds for another's", (t) => {
    const { course, acts, pass, forgotten } = scene(t, () => "mended");
    course.hint();
    pass(9_990);
    assert.equal(forgotten(), 0);
    pass(20);
    assert.equal(forgotten(), 1);
    assert.deepEqual(acts, [0]);
  });

  it("looks in vain a tenth of the time at most", (t) => {
    const { course, acts, pass } = scene(t, () => "nothing", 20);
    for (let round = 0; round < 100; round++) {
      course.hint();
      pass(10);
    }
    assert.deepEqual(acts, [0, 200, 400, 600, 800, 1000]);
  });

  it("tries again by itself what could not be mended", (t) => {
    const { course, acts, pass } = scene(t, (time) => (time < 3 ? "failed" : "mended"));
    course.hint();
    pass(2000);
    assert.deepEqual(acts, [0, 250, 750]);
  });

  it("does nothing any more when it was stopped", (t) => {
    const { course, acts, pass } = scene(t, () => "mended");
    course.hint();
    course.hint();
    course.stop();
    pass(20_000);
    assert.deepEqual(acts, [0]);
  });

  it("does nothing any more when it was stopped while it acted", (t) => {
    const { pass } = scene(t, () => "mended");
    let acts = 0;
    let forgotten = 0;
    const course = new Course(
      { kind: "firewall" },
      () => acts++,
      () => forgotten++,
    );
    course.hint();
    course.hint();
    course.stop();
    course.acted("failed");
    pass(20_000);
    assert.deepEqual([acts, forgotten], [1, 0]);
  });
});
