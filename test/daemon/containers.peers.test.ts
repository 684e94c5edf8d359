// Containers by runc: they talk where they should and nowhere else, end as they are told, and leave nothing behind.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ContainerScene } from "../support/containers.ts";
import { eventually } from "../support/eventually.ts";
import { needsPeer } from "../support/peers.ts";

describe("containers", { skip: needsPeer("runc", "busybox") }, () => {
  test("one runs in the foreground, with its name in its files, and is gone afterwards", async (t) => {
    const scene = await ContainerScene.create(t);
    await scene.network("n1");
    const networks = [{ network: "n1", ipv4: "172.17.0.9" }];
    const { code, output } = await scene.run(
      ["sh", "-c", "hostname; cat /etc/hosts; ip -o -4 addr show eth0; exit 7"],
      { networks, hostname: "web", removeWhenEnded: true },
    );
    assert.equal(code, 7, output);
    assert.match(output, /^web\n/);
    assert.match(output, /^172\.17\.0\.9\s+web$/m);
    assert.match(output, /eth0 +inet 172\.17\.0\.9\/16/);
    await eventually(async () => assert.deepEqual(await scene.list(), []));
    assert.deepEqual(scene.daemon.daemon.controller.sandboxes(), []);
  });

  test("one in the background has a log, and its exit code stays until it is removed", async (t) => {
    const scene = await ContainerScene.create(t);
    await scene.network("n1");
    const { id, state, pid } = await scene.start(["sh", "-c", "echo one; echo two; echo three; exit 3"], {
      name: "job",
      networks: [{ network: "n1" }],
    });
    assert.notEqual(state, "created");
    assert.ok(state === "exited" || pid !== undefined);
    assert.equal(await scene.wait("job"), 3);
    assert.equal(await scene.logs("job"), "one\ntwo\nthree\n");
    assert.equal(await scene.logs(id.slice(0, 12), "?tail=2"), "two\nthree\n");
    const ended = await scene.inspect("job");
    assert.deepEqual([ended.state, ended.exitCode, ended.networks], ["exited", 3, []]);
    await scene.remove("job");
    assert.deepEqual(await scene.list(), []);
  });

  test("one is stopped by the signal that is asked for", async (t) => {
    const scene = await ContainerScene.create(t);
    const script = "trap 'exit 6' USR1; trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done";
    const options = { networks: [{ network: "none" }] };
    for (const [asked, code] of [
      [{ signal: "USR1", seconds: 1000 }, 6],
      [{ seconds: 1000 }, 7],
    ] as const) {
      const { id } = await scene.start(["sh", "-c", script], options);
      await eventually(async () => assert.equal(await scene.logs(id), "ready\n"));
      await scene.stop(id, asked);
      assert.equal((await scene.inspect(id)).exitCode, code);
    }
  });

  test("one whose runtime is killed ends, and nothing of it runs on", async (t) => {
    const scene = await ContainerScene.create(t);
    const { id, pid } = await scene.start(["sleep", "1000"], { networks: [{ network: "none" }] });
    const { runDir } = scene.daemon.host.options;
    const keeper = readFileSync(join(runDir, "container-marks", `${id}.claim`), "utf8").trim();
    const [runtime] = readFileSync(`/proc/${keeper}/task/${keeper}/children`, "utf8").trim().split(" ");
    process.kill(Number(runtime), "SIGKILL");
    assert.equal(await scene.wait(id), 137);
    await eventually(() => assert.ok(!existsSync(`/proc/${pid}`)));
    assert.deepEqual(readdirSync(join(runDir, "runc")), []);
  });

  test("one that is not root may do nothing more, and a root that is read-only is not written to", async (t) => {
    const scene = await ContainerScene.create(t);
    const look =
      "id -u; grep CapEff /proc/self/status; touch /written 2>/dev/null || echo kept; cat /etc/resolv.conf";
    const options = { networks: [{ network: "none" }], removeWhenEnded: true, dns: ["10.0.0.53"] };
    const { output } = await scene.run(["sh", "-c", look], { ...options, user: "7", readOnly: true });
    assert.match(output, /^7\nCapEff:\t0+\n[\s\S]*kept\n[\s\S]*nameserver 10\.0\.0\.53/);
  });

  test("what tells of the host's other doings is masked", async (t) => {
    const scene = await ContainerScene.create(t);
    const { code, output } = await scene.run(["cat", "/proc/interrupts", "/proc/keys", "/proc/timer_list"], {
      networks: [{ network: "none" }],
    });
    assert.deepEqual([code, output], [0, ""]);
    assert.notEqual(readFileSync("/proc/interrupts", "utf8"), "");
  });

  test("what cannot be started says so, with the codes of a shell, and leaves nothing", async (t) => {
    const scene = await ContainerScene.create(t);
    const networks = [{ network: "none" }];
    assert.equal((await scene.run(["nosuch"], { networks })).code, 127);
    assert.equal((await scene.run(["/etc/passwd"], { networks })).code, 126);
    const missing = await scene.ask(["nosuch"], { networks, detached: true });
    assert.deepEqual([missing.status, /nosuch/.test(missing.text)], [404, true], missing.text);
    await eventually(async () => assert.deepEqual(await scene.list(), []));
  });
});
