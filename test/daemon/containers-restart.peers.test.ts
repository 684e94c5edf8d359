// Containers outlive the daemon: it is killed while they run, and learns how they ended. What a kill leaves half-made goes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ContainerScene } from "../support/containers.ts";
import { eventually } from "../support/eventually.ts";
import { type Killable, killAndStart, killableScene } from "../support/killable.ts";
import { needsPeer } from "../support/peers.ts";

const networks = [{ network: "n1" }];

/** What is there of containers in the directories of state and of the run. */
function filesOf({ daemon: { host } }: ContainerScene<Killable>): readonly string[] {
  const { stateDir, runDir } = host.options;
  return [
    join(stateDir, "containers"),
    join(runDir, "containers"),
    join(runDir, "container-marks"),
    join(runDir, "runc"),
  ]
    .filter((directory) => existsSync(directory))
    .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)));
}

describe("containers and a daemon that is killed", { skip: needsPeer("runc", "busybox") }, () => {
  test("one that runs goes on, and its end is noticed", async (t) => {
    const scene = await killableScene(t);
    const { pid, networks: before } = await scene.start(
      ["sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.1; done"],
      {
        name: "goes-on",
        networks,
      },
    );
    await killAndStart(scene);
    const after = await scene.inspect("goes-on");
    assert.deepEqual([after.state, after.pid, after.networks], ["running", pid, before]);
    await scene.stop("goes-on", {});
    assert.equal((await scene.inspect("goes-on")).exitCode, 9);
  });

  test("one that ended while nobody watched has its exit code; one with --rm is gone", async (t) => {
    const scene = await killableScene(t);
    // Each ends when its file is there.
    const waits = (name: string, code: number) => [
      "sh",
      "-c",
      `while [ ! -e /tmp/${name} ]; do sleep 0.05; done; exit ${code}`,
    ];
    await scene.start(waits("go", 4), { name: "kept", networks });
    await scene.start(waits("go", 5), { name: "passing", networks, removeWhenEnded: true });
    const marks = join(scene.daemon.host.options.runDir, "container-marks");
    await killAndStart(scene, async () => {
      writeFileSync(join(scene.rootfs, "tmp/go"), "");
      await eventually(() =>
        assert.equal(readdirSync(marks).filter((name) => name.endsWith(".exit")).length, 2),
      );
    });
    const [kept, ...others] = await scene.list();
    assert.deepEqual([kept?.name, kept?.state, kept?.exitCode, others], ["kept", "exited", 4, []]);
    assert.equal(await scene.wait("kept"), 4);
    // From now on its record alone tells, however often the daemon starts.
    await killAndStart(scene);
    const again = await scene.inspect("kept");
    assert.deepEqual([again.state, again.exitCode, again.finished], ["exited", 4, kept?.finished]);
    assert.equal(await scene.wait("kept"), 4);
    const { body } = await scene.daemon.ask("GET", "/cnm/v1/sandboxes");
    assert.deepEqual((body as { items: unknown[] }).items, []);
    await scene.remove("kept");
    assert.deepEqual(filesOf(scene), []);
  });

  test("one whose keeper was killed is ended, and so is what it left to the runtime", async (t) => {
    const scene = await killableScene(t);
    const { id, pid } = await scene.start(["sleep", "1000"], { name: "orphan", networks });
    const marks = join(scene.daemon.host.options.runDir, "container-marks");
    await killAndStart(scene, async () => {
      process.kill(Number(readFileSync(join(marks, `${id}.claim`), "utf8")), "SIGKILL");
    });
    const ended = await scene.inspect("orphan");
    assert.deepEqual([ended.state, ended.exitCode], ["exited", 255]);
    assert.ok(!existsSync(`/proc/${pid}`));
  });

  test("whoever has the pid of a process that is gone is neither killed nor entered", async (t) => {
    const scene = await killableScene(t);
    const { id, pid = 0 } = await scene.start(["sleep", "1000"], {
      kind: "process",
      name: "orphan",
      networks,
    });
    const mark = (kind: string) => join(scene.daemon.host.options.runDir, "container-marks", `${id}.${kind}`);
    const exec = () => scene.daemon.ask("POST", "/cnm/v1/containers/orphan/exec", { command: ["id"] });
    // The keeper is no child of this daemon's, which would hear of its end.
    await killAndStart(scene);
    assert.equal((await exec()).status, 200);
    for (const victim of [Number(readFileSync(mark("claim"), "utf8")), pid]) process.kill(victim, "SIGKILL");
    await eventually(() => assert.ok(!existsSync(`/proc/${pid}`)));
    assert.equal((await exec()).status, 409);

    // As if the kernel had given the pid to somebody else meanwhile.
    const stranger = spawn("sleep", ["1000"], { stdio: "ignore" });
    t.after(() => stranger.kill());
    await killAndStart(scene, async () =>
      writeFileSync(mark("pid"), readFileSync(mark("pid"), "utf8").replace(`${pid}`, `${stranger.pid}`)),
    );
    const ended = await scene.inspect("orphan");
    assert.deepEqual([ended.state, ended.exitCode], ["exited", 255]);
    assert.deepEqual([stranger.exitCode, stranger.signalCode], [null, null]);
    assert.ok(existsSync(`/proc/${stranger.pid}`));
  });

  test("what a kill leaves half-made is swept, and what a client may still start is not", async (t) => {
    const scene = await killableScene(t);
    const answer = scene.created(
      await scene.ask(["true"], { name: "waits", networks, removeWhenEnded: true }),
    );
    const { launch } = answer;
    assert.ok(launch);
    const { stateDir, runDir } = scene.daemon.host.options;
    const record = join(stateDir, "containers", `${answer.container.id}.json`);
    const half = "a".repeat(64);
    const stray = "b".repeat(64);
    await killAndStart(scene, async () => {
      // A record whose sandbox was not come to, and a sandbox and run files whose record is gone.
      const text = readFileSync(record, "utf8")
        .replaceAll(answer.container.id, half)
        .replace('"waits"', '"half"');
      writeFileSync(join(stateDir, "containers", `${half}.json`), text);
      writeFileSync(join(stateDir, "containers", `${stray}.json.new`), "{");
      mkdirSync(join(runDir, "containers", stray));
      writeFileSync(join(runDir, "container-marks", `${stray}.pid`), "1");
    });
    assert.deepEqual(
      (await scene.list()).map(({ name }) => name),
      ["waits"],
    );
    assert.ok(!filesOf(scene).some((path) => path.includes(half) || path.includes(stray)));
    const [program = "", ...words] = launch.command;
    const child = spawn(program, words, { cwd: launch.directory, stdio: "ignore" });
    assert.equal(await new Promise((resolve) => child.on("close", resolve)), 0);
    await eventually(async () => assert.deepEqual(await scene.list(), []));

    const lost = scene.created(await scene.ask(["true"], { name: "lost", networks })).container;
    await killAndStart(scene, async () => rmSync(join(stateDir, "containers", `${lost.id}.json`)));
    assert.deepEqual(await scene.list(), []);
    assert.deepEqual(filesOf(scene), []);
  });
});
