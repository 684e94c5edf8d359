import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runInThrowAwayMachine } from "./throwaway.ts";

const shell = (script: string) => ["sh", "-ec", script];

test("the command's exit status comes back, and a signal as 128 + its number", async () => {
  assert.deepEqual(await runInThrowAwayMachine(shell("exit 7")), { status: 7, strays: [] });
  assert.deepEqual(await runInThrowAwayMachine(shell("kill -9 $$")), { status: 137, strays: [] });
});

test("links and mounts made there are not seen here, and loopback works there", async () => {
  const here = readlinkSync("/proc/self/ns/net");
  const { status } = await runInThrowAwayMachine(
    shell(`
      [ "$(readlink /proc/self/ns/net)" != "${here}" ]
      ip link add causewaytest type bridge
      ip netns add causewaytest
      ip -4 addr show up dev lo | grep -q 127.0.0.1
    `),
  );
  assert.equal(status, 0);
  assert.doesNotMatch(execFileSync("ip", ["-o", "link"], { encoding: "utf8" }), /causewaytest/);
  assert.doesNotMatch(execFileSync("ip", ["netns", "list"], { encoding: "utf8" }), /causewaytest/);
});

test("a process that outlives the command is found, even in a session of its own, and killed", async () => {
  const { status, strays } = await runInThrowAwayMachine(
    shell("setsid sleep 1234 </dev/null >/dev/null 2>&1 &"),
  );
  assert.equal(status, 0);
  assert.deepEqual(
    strays.map(({ command }) => command),
    ["sleep 1234"],
  );
  // Gone, or a zombie that waits for init.
  const state = () =>
    spawnSync("ps", ["-o", "stat=", "-p", String(strays[0]?.pid)], { encoding: "utf8" }).stdout;
  while (!/^(Z.*)?$/.test(state().trim())) await sleep(10);
});

test("a process that is about to end is no stray", async () => {
  assert.deepEqual(await runInThrowAwayMachine(shell("sleep 0.2 &")), { status: 0, strays: [] });
});

test("what takes too long is killed with all its children: status 124", async () => {
  const { status } = await runInThrowAwayMachine(shell("sleep 1000 & sleep 1000"), { timeout: 200 });
  assert.equal(status, 124);
});

test("the environment is passed on, without what makes results depend on the caller", async () => {
  process.env.NODE_EXTRA_CA_CERTS = "/some/file";
  const { status } = await runInThrowAwayMachine(
    shell('[ "$KEPT" = yes ] && [ -z "$NODE_EXTRA_CA_CERTS$NODE_TEST_CONTEXT" ]'),
    { env: { KEPT: "yes" } },
  );
  delete process.env.NODE_EXTRA_CA_CERTS;
  assert.equal(status, 0);
});
