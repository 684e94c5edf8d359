import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { failsWith } from "../test-support.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { StateLock } from "./state-lock.ts";
import { storeProcess, temporaryDirectory } from "./test-support.ts";

test("a second open in this process is refused, until the first lets go", (t) => {
  const stateDir = temporaryDirectory(t);
  const locked = failsWith(
    "conflict",
    "state_dir_locked",
    new RegExp(`${stateDir} .*process ${process.pid}\\b`),
  );
  {
    using _lock = StateLock.acquire(stateDir);
    assert.throws(() => StateLock.acquire(stateDir), locked);
    assert.throws(() => SqliteStore.open(stateDir), locked);
  }
  const store = SqliteStore.open(stateDir);
  assert.throws(() => StateLock.acquire(stateDir), locked);
  store.close();
  StateLock.acquire(stateDir)[Symbol.dispose]();
});

test("another process's lock names its pid, and dies with it though its children live", async (t) => {
  const stateDir = temporaryDirectory(t);
  const holder = storeProcess(
    t,
    stateDir,
    `import { spawn } from "node:child_process";
     say(spawn("sleep", ["60"], { stdio: "ignore" }).pid);`,
  );
  const heir = Number((await holder.lines.next()).value);
  t.after(() => process.kill(heir, "SIGKILL"));

  const pid = holder.process.pid;
  assert.throws(
    () => SqliteStore.open(stateDir),
    failsWith("conflict", "state_dir_locked", new RegExp(`${stateDir} .*process ${pid}\\b`)),
  );
  await holder.kill();
  assert.equal(process.kill(heir, 0), true);
  const store = SqliteStore.open(stateDir);
  t.after(() => store.close());
  assert.equal(readFileSync(join(stateDir, "causeway.lock"), "utf8"), `${process.pid}\n`);
});
