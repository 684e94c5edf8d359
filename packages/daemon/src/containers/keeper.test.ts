import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import { keeperLaunch, readMark, withdrawLaunch } from "./keeper.ts";
import { Places } from "./places.ts";

const id = "a".repeat(64);

function scene(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "causeway-keeper-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const places = new Places(join(directory, "state"), join(directory, "run"));
  for (const made of [places.marks, places.bundle(id)]) mkdirSync(made, { recursive: true });
  const launch = (command: readonly string[]) => keeperLaunch(places, id, undefined, command);
  const start = (script: string) => {
    const { command, directory } = launch(["sh", "-c", script]);
    const [program = "", ...words] = command;
    return spawnSync(program, words, { cwd: directory, encoding: "utf8" });
  };
  return { places, launch, start };
}

describe("the keeper", () => {
  it("tells the process and how it ended, and begins once", (t) => {
    const { places, start } = scene(t);
    assert.deepEqual(start("echo $$; sleep 0.1; exit 3").status, 3);
    assert.equal(readMark(places.mark(id, "exit")), "3");
    assert.match(readMark(places.mark(id, "pid")) ?? "", /^\d+ \d+$/);
    assert.equal(withdrawLaunch(places, id), false);
    const { status, stdout, stderr } = start("echo again");
    assert.deepEqual([status, stdout], [125, ""]);
    assert.match(stderr, /given up meanwhile/);
    assert.equal(readMark(places.mark(id, "exit")), "3");
  });

  it("does not begin with what was given up, and giving up twice is no fault", (t) => {
    const { places, start } = scene(t);
    assert.deepEqual([withdrawLaunch(places, id), withdrawLaunch(places, id)], [true, true]);
    assert.deepEqual([start("echo begun").status, existsSync(places.mark(id, "pid"))], [125, false]);
  });

  it("hands on a signal that comes as soon as it has begun, whatever it is just about", async (t) => {
    for (let round = 0; round < 40; round++) {
      const { places, launch } = scene(t);
      const [program = "", ...words] = launch(["sleep", "1000"]).command;
      const keeper = spawn(program, words, { stdio: "ignore" });
      const exited = once(keeper, "exit");
      while (!existsSync(places.mark(id, "claim"))) await setImmediate();
      await setTimeout((round % 20) / 10);
      keeper.kill("SIGTERM");
      const slow = AbortSignal.timeout(10_000);
      slow.addEventListener("abort", () => keeper.kill("SIGKILL"));
      await exited;
      assert.deepEqual([slow.aborted, readMark(places.mark(id, "exit"))], [false, "143"], `round ${round}`);
    }
  });

  it("has a shell's status for a process that a signal ended, or that there is no program for", (t) => {
    assert.equal(scene(t).start("kill -KILL $$").status, 137);
    assert.equal(scene(t).start("exec nosuch").status, 127);
  });
});
