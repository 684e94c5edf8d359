// causeway run with a terminal, and signals that come to it: they are the container's.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { ContainerScene } from "../support/containers.ts";
import { needsPeer } from "../support/peers.ts";

const launcher = join(import.meta.dirname, "../../packages/cli/bin/causeway");

describe("causeway run, its terminal and its signals", {
  skip: needsPeer("runc", "busybox", "python3"),
}, () => {
  test("with -t the container has our terminal", async (t) => {
    const { scene, env } = await started(t);
    // pty.spawn gives what it starts a terminal, and copies that to its own output.
    const words = [
      launcher,
      "run",
      "--rm",
      "-it",
      "--network",
      "none",
      "--rootfs",
      scene.rootfs,
      "sh",
      "-c",
      "tty; exit 3",
    ];
    const program =
      "import json, os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(json.loads(sys.argv[1]))))";
    const child = spawn("python3", ["-c", program, JSON.stringify(words)], {
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    const output = await textOf(child.stdout, child);
    assert.match(output, /^\/dev\/(pts\/0|console)\r\n$/);
    assert.equal(child.exitCode, 3);
  });

  test("a signal reaches the container, which answers it", async (t) => {
    const { scene, env } = await started(t);
    const script = "trap 'echo asked; exit 8' TERM; echo ready; while :; do sleep 0.1; done";
    const words = ["run", "--rm", "--network", "none", "--rootfs", scene.rootfs, "sh", "-c", script];
    const child = spawn(launcher, words, { env, stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.once("data", () => child.kill("SIGTERM"));
    assert.equal(await textOf(child.stdout, child), "ready\nasked\n");
    assert.equal(child.exitCode, 8);
    assert.deepEqual(await scene.list(), []);
  });
});

async function started(t: TestContext) {
  const scene = await ContainerScene.create(t);
  const env = { PATH: process.env.PATH, TERM: "xterm", CAUSEWAY_HOST: `unix://${scene.daemon.socket}` };
  return { scene, env };
}

async function textOf(stream: NodeJS.ReadableStream, child: ReturnType<typeof spawn>): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (part: string) => {
    text += part;
  });
  await once(child, "close");
  return text;
}
