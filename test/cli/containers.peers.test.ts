// causeway run and what goes with it, against a daemon.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { runCli } from "../support/cli.ts";
import { ContainerScene } from "../support/containers.ts";
import { eventually } from "../support/eventually.ts";
import { needsPeer } from "../support/peers.ts";

describe("causeway run", { skip: needsPeer("runc", "busybox") }, () => {
  test("in the foreground: input, output, exit code, and nothing is left", async (t) => {
    const { scene, causeway } = await started(t);
    const run = ["run", "--rm", "--network", "n1:ip=10.55.0.9", "--rootfs", scene.rootfs];
    const ran = await causeway(
      [...run, "sh", "-c", "cat; ip -o -4 addr show eth0; echo oops >&2; exit 5"],
      "typed\n",
    );
    assert.equal(ran.code, 5, ran.stderr);
    assert.match(ran.stdout, /^typed\n.*eth0 +inet 10\.55\.0\.9\/24/);
    assert.equal(ran.stderr, "oops\n");
    assert.deepEqual(await scene.list(), []);
    assert.equal((await causeway([...run, "nosuch"])).code, 127);
    assert.equal((await causeway([...run, "/etc/passwd"])).code, 126);
    const slip = await causeway(["run", "--network", "n1:ipp=1", "--rootfs", scene.rootfs, "true"]);
    assert.deepEqual([slip.code, /did you mean ip/.test(slip.stderr)], [125, true], slip.stderr);
    const missing = await causeway(["run", "--network", "n2", "--rootfs", scene.rootfs, "true"]);
    assert.deepEqual([missing.code, /did you mean/.test(missing.stderr)], [125, true], missing.stderr);
    assert.deepEqual(await scene.list(), []);
  });

  test("in the background: exec, ls, inspect, logs, stop, wait, rm", async (t) => {
    const { scene, causeway } = await started(t);
    const say = "echo here; trap 'echo bye; exit 9' TERM; while :; do sleep 1; done";
    const run = ["run", "-d", "--name", "web", "--network", "n1", "--rootfs", scene.rootfs];
    const made = await causeway([...run, "-e", "GREETING=hello", "sh", "-c", say]);
    assert.match(made.stdout, /^[0-9a-f]{64}\n$/, made.stderr);
    const again = await causeway([...run, "true"]);
    assert.deepEqual([again.code, /"web" already/.test(again.stderr)], [125, true]);

    const inside = await causeway([
      "exec",
      "-e",
      "MORE=1",
      "web",
      "sh",
      "-c",
      "echo $MORE; hostname; exit 4",
    ]);
    assert.deepEqual([inside.code, inside.stdout], [4, `1\n${made.stdout.slice(0, 12)}\n`], inside.stderr);
    const other = await causeway(["exec", "-u", "7", "-w", "/tmp", "web", "sh", "-c", "id -u; pwd"]);
    assert.deepEqual([other.code, other.stdout], [0, "7\n/tmp\n"], other.stderr);
    for (const [command, code] of Object.entries({ nosuch: 127, "/etc/passwd": 126, "/no/such": 127 })) {
      const failed = await causeway(["exec", "web", command]);
      assert.deepEqual([failed.code, failed.stderr !== ""], [code, true], failed.stderr);
    }
    assert.equal((await causeway(["exec", "web", "sh", "-c", "exit 255"])).code, 255);
    const refreshed = await causeway(["sandbox", "refresh", "web"]);
    assert.equal(refreshed.code, 0, `a sandbox goes by its container's name: ${refreshed.stderr}`);
    const bundle = join(scene.daemon.host.options.runDir, "containers", made.stdout.trim());
    assert.deepEqual(readdirSync(bundle), ["config.json"]);
    const listed = await causeway(["ps", "--format", "{{.Names}} {{.Status}} {{.Networks}}"]);
    assert.equal(listed.stdout, "web running n1\n", listed.stderr);
    await eventually(async () => assert.equal((await causeway(["logs", "web"])).stdout, "here\n"));
    const followed = causeway(["logs", "-f", "--tail", "1", "web"]);
    const waited = causeway(["wait", "web"]);
    assert.equal((await causeway(["rm", "web"])).code, 1);
    assert.equal((await causeway(["stop", "web"])).stdout, "web\n");
    assert.equal((await waited).stdout, "9\n");
    assert.equal((await followed).stdout, "here\nbye\n");
    const state = await causeway(["inspect", "--format", "{{.state}} {{.exitCode}}", "web"]);
    assert.equal(state.stdout, "exited 9\n", state.stderr);
    assert.equal((await causeway(["rm", "web"])).code, 0);
    assert.deepEqual(await scene.list(), []);
  });
});

async function started(t: TestContext) {
  const scene = await ContainerScene.create(t);
  await scene.network("n1", { ipam: { config: [{ subnet: "10.55.0.0/24" }] } });
  const { socket } = scene.daemon;
  return { scene, causeway: (words: readonly string[], input = "") => runCli(words, { socket, input }) };
}
