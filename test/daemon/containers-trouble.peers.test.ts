// Containers in trouble: a disk that is full, a keeper that is killed, a record that is damaged. The others have their daemon all the same.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ContainerScene } from "../support/containers.ts";
import { eventually } from "../support/eventually.ts";
import { killAndStart, killableScene } from "../support/killable.ts";
import { needsPeer } from "../support/peers.ts";

const networks = [{ network: "n1" }];

/** A directory is a small disk of its own, until it is disposed of. */
function smallDisk(directory: string) {
  const filler = join(directory, "filler");
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]);
  return {
    fill: () => assert.throws(() => writeFileSync(filler, Buffer.alloc(1 << 20)), { code: "ENOSPC" }),
    empty: () => rmSync(filler),
    [Symbol.dispose]: () => void execFileSync("umount", ["--lazy", directory]),
  };
}

describe("containers in trouble", { skip: needsPeer("runc", "busybox") }, () => {
  test("with a full state directory none is made, nothing of it is left, and the daemon starts", async (t) => {
    const scene = await killableScene(t);
    const kept = join(scene.daemon.host.options.stateDir, "containers");
    await scene.daemon.end();
    using disk = smallDisk(kept);
    await scene.daemon.start();
    await scene.start(["sleep", "1000"], { name: "one", networks });
    await scene.start(["sleep", "1000"], { name: "two", networks });
    disk.fill();
    const before = readdirSync(kept);
    const refused = await scene.ask(["true"], { networks });
    assert.deepEqual([refused.status, /disk_full/.test(refused.text)], [503, true], refused.text);
    assert.deepEqual(readdirSync(kept), before);
    // That it has ended cannot be written down: neither now nor at the next start.
    await scene.stop("one");
    await killAndStart(scene);
    const states = async () => (await scene.list()).map(({ name, state }) => `${name} ${state}`).sort();
    assert.deepEqual(await states(), ["one exited", "two running"]);
    disk.empty();
    await killAndStart(scene);
    assert.deepEqual(await states(), ["one exited", "two running"]);
    assert.deepEqual((await scene.inspect("one")).networks, []);
    await scene.removeAll();
  });

  test("a keeper that can tell nothing, or is killed, takes its container along at once", async (t) => {
    const scene = await ContainerScene.create(t);
    await scene.network("n1");
    const { runDir } = scene.daemon.host.options;
    const marks = join(runDir, "container-marks");
    const { id, pid } = await scene.start(["sleep", "1000"], { name: "one", networks });
    process.kill(Number(readFileSync(join(marks, `${id}.claim`), "utf8")), "SIGKILL");
    assert.equal(await scene.wait("one"), 255);
    await eventually(() => assert.ok(!existsSync(`/proc/${pid}`)));
    assert.deepEqual([(await scene.inspect("one")).state, readdirSync(marks)], ["exited", []]);

    using disk = smallDisk(marks);
    disk.fill();
    const refused = await scene.ask(["true"], { detached: true, name: "two", networks });
    assert.deepEqual([refused.status, /run directory is full/.test(refused.text)], [409, true], refused.text);
    assert.deepEqual(
      (await scene.list()).map(({ name }) => name),
      ["one"],
    );
  });

  test("a damaged record is told, fails no list, and leaves its container in its network", async (t) => {
    const scene = await killableScene(t);
    const { stateDir, runDir } = scene.daemon.host.options;
    const { id, pid } = await scene.start(["sleep", "1000"], { name: "one", networks });
    const { name: other } = await scene.start(["sleep", "1000"], { name: "two", networks });
    const record = join(stateDir, "containers", `${id}.json`);
    const text = readFileSync(record, "utf8");
    await killAndStart(scene, async () =>
      writeFileSync(record, text.replace(/"created":\d+/, '"created":"x"')),
    );
    await scene.daemon.logged("no record of a container");
    const [foreign, ...more] = (await scene.list()).toSorted((one) => (one.kind === "foreign" ? -1 : 1));
    assert.deepEqual([foreign?.kind, more.map(({ name }) => name)], ["foreign", [other]]);
    assert.equal(foreign?.networks.length, 1);
    assert.ok(existsSync(join(runDir, "container-marks", `${id}.claim`)));
    assert.ok(existsSync(join(stateDir, "containers", `${id}.log`)));
    // Put right, it is what it was.
    await killAndStart(scene, async () => writeFileSync(record, text));
    const after = await scene.inspect("one");
    assert.deepEqual([after.state, after.pid], ["running", pid]);
  });

  test("marks that cannot be read, and strays that cannot be taken away, leave the others their daemon", async (t) => {
    const scene = await killableScene(t);
    const { stateDir, runDir } = scene.daemon.host.options;
    const marks = join(runDir, "container-marks");
    const asked = scene.created(await scene.ask(["true"], { name: "one", networks })).container;
    // Where the keeper tells of a process there is a directory: it comes by a rename, as marks do.
    mkdirSync(join(marks, "made"));
    renameSync(join(marks, "made"), join(marks, `${asked.id}.pid`));
    assert.equal((await scene.start(["sleep", "1000"], { name: "two", networks })).state, "running");
    assert.equal((await scene.inspect("one")).state, "created");
    rmSync(join(marks, `${asked.id}.pid`), { recursive: true });

    const stray = "ab".repeat(32);
    const strays = [join(marks, `${stray}.pid`), join(stateDir, "containers", `${stray}.log`)];
    await killAndStart(scene, async () => strays.forEach((path) => void mkdirSync(path)));
    await scene.daemon.logged("belongs to no container");
    await scene.daemon.logged(stray);
    assert.equal((await scene.inspect("two")).state, "running");
    for (const path of strays) rmSync(path, { recursive: true });
    await scene.removeAll();
  });

  test("what the runtime knows nothing of any more is ended all the same", async (t) => {
    const scene = await killableScene(t);
    const { runDir } = scene.daemon.host.options;
    const forgotten = await scene.start(["sleep", "1000"], { name: "one", networks });
    rmSync(join(runDir, "runc", forgotten.id), { recursive: true });
    await scene.stop("one");
    assert.ok(!existsSync(`/proc/${forgotten.pid}`));
    assert.deepEqual((await scene.inspect("one")).exitCode, 137);

    // With its marks gone a start finds it by the runtime, and with both gone its end by hand does.
    const marks = join(runDir, "container-marks");
    const unmark = (id: string) => {
      const keeper = readFileSync(join(marks, `${id}.claim`), "utf8").trim();
      for (const kind of ["claim", "pid"]) rmSync(join(marks, `${id}.${kind}`));
      return keeper;
    };
    const over = async (id: string, ...pids: readonly unknown[]) => {
      for (const pid of pids) await eventually(() => assert.ok(!existsSync(`/proc/${pid}`)));
      // Its keeper may come with its word after all.
      rmSync(join(marks, `${id}.exit`), { force: true });
    };
    const two = await scene.start(["sleep", "1000"], { name: "two", networks });
    let keeper = "";
    await killAndStart(scene, async () => {
      keeper = unmark(two.id);
    });
    await over(two.id, two.pid, keeper);
    const three = await scene.start(["sleep", "1000"], { name: "three", networks });
    keeper = unmark(three.id);
    rmSync(join(runDir, "runc", three.id), { recursive: true });
    await scene.remove("three", "?force=true");
    await over(three.id, three.pid, keeper);
    await scene.removeAll();
  });

  test("a keeper that is stopped does not keep its container from being ended", async (t) => {
    const scene = await killableScene(t);
    const { runDir } = scene.daemon.host.options;
    for (const kind of ["rootfs", "process"] as const) {
      const { id, pid } = await scene.start(["sleep", "1000"], { name: kind, kind, networks });
      const keeper = Number(readFileSync(join(runDir, "container-marks", `${id}.claim`), "utf8"));
      process.kill(keeper, "SIGSTOP");
      await scene.stop(kind);
      await eventually(() => assert.ok(![keeper, pid].some((gone) => existsSync(`/proc/${gone}`))));
      assert.equal((await scene.inspect(kind)).exitCode, 255);
      await scene.remove(kind);
    }
  });

  test("a start that hangs is broken off, and nothing of it is left", async (t) => {
    const scene = await ContainerScene.create(t);
    await scene.network("n1");
    const directory = mkdtempSync(join(tmpdir(), "causeway-hanging-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const told = join(directory, "told");
    const script = `sleep 1000 & echo $! >${told}.new; mv ${told}.new ${told}; wait`;
    const bundle = {
      ociVersion: "1.0.2",
      process: { args: ["true"], cwd: "/", user: { uid: 0, gid: 0 } },
      root: { path: scene.rootfs },
      hooks: {
        createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/bin:/usr/bin"] }],
      },
      linux: { namespaces: [{ type: "pid" }, { type: "mount" }] },
    };
    writeFileSync(join(directory, "config.json"), JSON.stringify(bundle));
    const asked = scene.ask([], { kind: "bundle", path: directory, detached: true, name: "one", networks });
    const hook = await eventually(() => readFileSync(told, "utf8").trim());
    await scene.remove("one", "?force=true");
    const refused = await asked;
    assert.deepEqual([refused.status, /hook/.test(refused.text)], [409, true], refused.text);
    await eventually(() => assert.ok(!existsSync(`/proc/${hook}`)));
    assert.deepEqual(await scene.list(), []);
    const { runDir } = scene.daemon.host.options;
    assert.deepEqual(readdirSync(join(runDir, "runc")), []);
  });
});
