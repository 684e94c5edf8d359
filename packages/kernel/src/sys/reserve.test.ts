import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { constants } from "node:os";
import { after, before, describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { KernelError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { keepReserve, requireDescriptors, withReserve } from "./reserve.ts";

const limit = (count: number | string) =>
  execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${count}:`]);

/** Runs an action while no descriptor is left. */
function withoutDescriptors<T>(action: () => T): T {
  const held: OwnedFd[] = [];
  try {
    for (;;) held.push(OwnedFd.open("/dev/null"));
  } catch {
    try {
      return action();
    } finally {
      for (const file of held) file[Symbol.dispose]();
    }
  }
}

describe("the reserve of descriptors", () => {
  checkLeaks();
  before(() => limit(100));
  // The hard limit, which was the other before.
  after(() =>
    limit(
      execFileSync("prlimit", ["--pid", String(process.pid), "--nofile", "-o", "HARD", "--noheadings"])
        .toString()
        .trim(),
    ),
  );

  it("serves an action that meets none, again and again", () => {
    keepReserve();
    withoutDescriptors(() => {
      for (let round = 0; round < 3; round++) {
        withReserve(() => {
          using _one = OwnedFd.open("/dev/null");
          using _other = OwnedFd.open("/dev/null");
        });
      }
      assert.throws(() => OwnedFd.open("/dev/null"), { code: "EMFILE" });
    });
  });

  it("serves an action where the whole machine has none left, too", () => {
    keepReserve();
    const free = () => readdirSync("/proc/self/fd").length;
    const before = free();
    let during = before;
    withReserve(() => {
      if (during < before) return;
      during = free();
      if (during === before) throw new KernelError({ operation: "open", errno: constants.errno.ENFILE });
    });
    assert.ok(during < before, "the reserve is given up");
    assert.equal(free(), before, "and taken again");
  });

  it("runs an action once where there are descriptors, or where it fails of something else", () => {
    let runs = 0;
    assert.equal(
      withReserve(() => ++runs),
      1,
    );
    assert.throws(
      () =>
        withReserve(() => {
          runs++;
          throw new Error("something else");
        }),
      /something else/,
    );
    assert.equal(runs, 2);
  });

  it("is told from what an action may count on: so many, and then they are free again", () => {
    requireDescriptors(50);
    requireDescriptors(50);
    assert.throws(() => requireDescriptors(200), { code: "EMFILE" });
    requireDescriptors(50);
  });
});
