import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Timers } from "./timers.ts";

describe("Timers", () => {
  it("run in the order of their times, none early, none that was cancelled, each once", () => {
    const step = fc.record({ time: fc.nat(100), cancel: fc.boolean(), look: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let now = 0;
        const timers = new Timers(() => now);
        const ran: number[] = [];
        const due: number[] = [];
        for (const { time, cancel, look } of steps) {
          const timer = timers.at(now + time, () => {
            assert.ok(time >= 0);
            ran.push(at);
          });
          const at = now + time;
          if (cancel) {
            timer[Symbol.dispose]();
            timer[Symbol.dispose]();
          } else due.push(at);
          const earliest = Math.min(...due.filter((one) => one >= now), Number.POSITIVE_INFINITY);
          assert.equal(timers.wait(1000), Math.min(1000, earliest - now));
          now += look;
          timers.run();
          const [past, future] = [due.filter((one) => one <= now), due.filter((one) => one > now)];
          assert.deepEqual(
            ran.splice(0),
            past.sort((a, b) => a - b),
          );
          due.splice(0, due.length, ...future);
          assert.equal(timers.size, due.length);
        }
      }),
    );
  });

  it("may set and cancel others while they run", () => {
    let now = 0;
    const timers = new Timers(() => now);
    const told: string[] = [];
    const second = timers.at(1, () => told.push("second"));
    timers.at(0, () => {
      told.push("first");
      second[Symbol.dispose]();
      timers.at(5, () => told.push("third"));
    });
    timers.run();
    now = 5;
    timers.run();
    assert.deepEqual([told, timers.size, timers.wait(7)], [["first", "third"], 0, 7]);
  });
});
