// causeway oci-hook, as runc starts it: containers of plain `runc run` get their network from the daemon.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ContainerScene } from "../support/containers.ts";
import { eventually } from "../support/eventually.ts";
import { needsPeer } from "../support/peers.ts";

const launcher = join(import.meta.dirname, "../../packages/cli/bin/causeway");

describe("causeway oci-hook", { skip: needsPeer("runc", "busybox") }, () => {
  test("a container of runc's is in its networks, with names and ports, and lets go of them when it has ended", async (t) => {
    const scene = await started(t);
    await scene.start(["sleep", "1000"], { name: "other", networks: [{ network: "n1", ipv4: "10.57.0.9" }] });
    const annotations = {
      "causeway.network": "n1:ip=10.57.0.5; n2:ifname=second",
      "causeway.publish": "8080:80",
      "causeway.hostname": "hooked",
      "causeway.dns": "10.57.0.53",
      "causeway.dns-search": "example.org",
      "causeway.add-host": "host.internal:host-gateway",
    };
    const look = "ip -o -4 addr; cat /etc/hosts /etc/resolv.conf; ping -c1 -W1 other";
    writeFileSync(join(scene.rootfs, "etc/hosts"), "");
    writeFileSync(join(scene.rootfs, "etc/resolv.conf"), "");
    const { code, output } = await runc(t, scene, look, annotations);
    assert.equal(code, 0, output);
    assert.match(output, /eth0 +inet 10\.57\.0\.5\/24/);
    assert.match(output, /second +inet 10\.58\.0\./);
    assert.match(output, /10\.57\.0\.5\s+hooked/);
    assert.match(output, /10\.57\.0\.1\s+host\.internal/);
    // Its own name server is asked by ours.
    assert.match(output, /nameserver 127\.0\.0\.11\nsearch example\.org/);
    assert.deepEqual(
      (await scene.list()).map(({ name }) => name),
      ["other"],
    );
    assert.equal((await scene.daemon.daemon.controller.networkByName("n1"))?.endpoints().length, 1);
  });

  test("files that are the container's own stay: what its bundle mounts, and what a link leads to", async (t) => {
    const scene = await started(t);
    writeFileSync(join(scene.rootfs, "etc/hosts"), "");
    writeFileSync(join(scene.rootfs, "tmp/linked"), "linked\n");
    symlinkSync("../tmp/linked", join(scene.rootfs, "etc/resolv.conf"));
    const source = join(scene.rootfs, "tmp/mounted");
    writeFileSync(source, "mounted\n");
    const mount = { destination: "/etc/hosts", type: "bind", source, options: ["bind"] };
    const annotations = { "causeway.network": "n1" };
    const { output } = await runc(t, scene, "cat /etc/hosts /etc/resolv.conf", annotations, [mount]);
    assert.equal(output, "mounted\nlinked\n");
  });

  test("what is wrong is told, and the runtime refuses the container", async (t) => {
    const scene = await started(t);
    const refusals = [
      [{ "causeway.network": "n3" }, /n3 not found/],
      [{ "causeway.netwrk": "n1" }, /did you mean causeway\.network\?/],
      [{ "causeway.network": "host" }, /for the runtime to arrange/],
      [{ "causeway.network": "n1:ip=10.99.0.1" }, /10\.99\.0\.1/],
      [{ "causeway.network": "n1; n2:ip=10.99.0.1" }, /10\.99\.0\.1/],
    ] as const;
    for (const [annotations, said] of refusals) {
      const { code, output } = await runc(t, scene, "echo started", annotations);
      assert.notEqual(code, 0);
      assert.match(output, said);
      assert.doesNotMatch(output, /^started/m);
      assert.deepEqual(await scene.list(), []);
    }
  });

  test("asked for once more it is as it was; what is not there is let go of all the same", async (t) => {
    const scene = await started(t);
    const state = {
      ociVersion: "1.0.2",
      id: "c1",
      status: "creating",
      pid: await isolated(t),
      bundle: bundleFor(t, scene, "true", {}),
    };
    const annotated = { ...state, annotations: { "causeway.network": "n1" } };
    for (let times = 0; times < 2; times++)
      assert.deepEqual(await hook(scene, annotated), { code: 0, output: "" });
    // Of another namespace it is another container, and a bundle that cannot be read leaves nothing.
    const other = { ...annotated, pid: await isolated(t) };
    const taken = await hook(scene, other);
    assert.deepEqual([taken.code, /has a sandbox already/.test(taken.output)], [1, true], taken.output);
    const unread = await hook(scene, { ...other, id: "c2", bundle: "/nonexistent" });
    assert.deepEqual([unread.code === 0, /nonexistent/.test(unread.output)], [false, true]);
    assert.equal(scene.daemon.daemon.controller.sandboxByContainerId("c2"), undefined);
    // Where one network of several refuses, no other keeps it: here no runtime comes by to let go.
    const halfway = { ...other, id: "c3", annotations: { "causeway.network": "n1; n2:ip=10.99.0.1" } };
    const apart = await hook(scene, halfway);
    assert.deepEqual([apart.code, /10\.99\.0\.1/.test(apart.output)], [1, true], apart.output);
    assert.equal(scene.daemon.daemon.controller.sandboxByContainerId("c3"), undefined);
    const own = await scene.start(["sleep", "1000"], { name: "own", networks: [{ network: "none" }] });
    for (const id of ["own", own.id]) {
      const refused = await hook(scene, { ...other, id });
      assert.deepEqual([refused.code, /already/.test(refused.output)], [1, true], refused.output);
    }
    const sandboxes = scene.daemon.daemon.controller
      .sandboxes()
      .filter(({ containerId }) => containerId === "c1");
    assert.equal(sandboxes[0]?.endpoints().length, 1);
    for (let times = 0; times < 2; times++)
      assert.deepEqual(await hook(scene, { ...state, status: "stopped", pid: 0 }), { code: 0, output: "" });
    assert.equal(scene.daemon.daemon.controller.sandboxByContainerId("c1"), undefined);
    const empty = await hook(scene, "");
    assert.deepEqual([empty.code, /no state of an OCI container/.test(empty.output)], [2, true]);
  });
});

/** A process in a network namespace of its own. */
async function isolated(t: TestContext): Promise<number> {
  const sleeper = spawn("unshare", ["--net", "sleep", "1000"], { stdio: "ignore" });
  t.after(() => sleeper.kill("SIGKILL"));
  const namespace = (pid: number | string = 0) => readlinkSync(`/proc/${pid}/ns/net`);
  await eventually(() => assert.notEqual(namespace(sleeper.pid), namespace("self")));
  return sleeper.pid ?? 0;
}

async function started(t: TestContext): Promise<ContainerScene> {
  const scene = await ContainerScene.create(t);
  await scene.network("n1", { ipam: { config: [{ subnet: "10.57.0.0/24" }] } });
  await scene.network("n2", { ipam: { config: [{ subnet: "10.58.0.0/24" }] } });
  return scene;
}

interface Ran {
  readonly code: number;
  readonly output: string;
}

function ranBy(
  program: string,
  words: readonly string[],
  input: string,
  env?: Record<string, string>,
): Promise<Ran> {
  const child = spawn(program, words, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...env },
  });
  child.stdin.on("error", () => undefined).end(input);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code: code ?? -1, output })));
}

function hook(scene: ContainerScene, state: object | string): Promise<Ran> {
  const input = typeof state === "string" ? state : JSON.stringify(state);
  return ranBy(launcher, ["oci-hook"], input, { CAUSEWAY_HOST: `unix://${scene.daemon.socket}` });
}

async function runc(
  t: TestContext,
  scene: ContainerScene,
  script: string,
  annotations: Readonly<Record<string, string>>,
  mounts: readonly object[] = [],
): Promise<Ran> {
  const bundle = bundleFor(t, scene, script, annotations, mounts);
  return ranBy("runc", ["--root", join(bundle, "state"), "run", "--bundle", bundle, "hooked"], "");
}

/** A bundle with the hooks, and a network namespace that the runtime is to make. */
function bundleFor(
  t: TestContext,
  scene: ContainerScene,
  script: string,
  annotations: Readonly<Record<string, string>>,
  mounts: readonly object[] = [],
): string {
  const bundle = mkdtempSync(join(tmpdir(), "causeway-hooks-"));
  t.after(() => rmSync(bundle, { recursive: true }));
  const hooked = [
    {
      path: launcher,
      args: ["causeway", "oci-hook"],
      env: [`PATH=${process.env.PATH}`, `CAUSEWAY_HOST=unix://${scene.daemon.socket}`],
    },
  ];
  const capabilities = ["CAP_NET_RAW"];
  const config = {
    ociVersion: "1.0.2",
    process: {
      args: ["sh", "-c", script],
      cwd: "/",
      env: ["PATH=/bin"],
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: scene.rootfs },
    mounts: [{ destination: "/proc", type: "proc", source: "proc" }, ...mounts],
    hooks: { createRuntime: hooked, poststop: hooked },
    annotations,
    linux: { namespaces: [{ type: "pid" }, { type: "mount" }, { type: "network" }] },
  };
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  return bundle;
}
