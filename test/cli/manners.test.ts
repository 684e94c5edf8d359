// How the command line behaves beside its commands: statuses, colours, pipes, signals, help, completion.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { cliOf, launcher, runCli } from "../support/cli.ts";
import { TestDaemon } from "../support/daemon.ts";

const nowhere = "/nonexistent/causeway.sock";

describe("exit statuses", () => {
  test("without a daemon it is 69, and the error says how to start one", async () => {
    const { code, stdout, stderr } = await runCli(["network", "ls"], { socket: nowhere });
    assert.deepEqual([code, stdout], [69, ""]);
    assert.match(
      stderr,
      /^causeway: no daemon listens on unix:\/\/\/nonexistent\/causeway.sock.*causeway daemon\n$/,
    );
  });

  test("what is not understood is 2, and the error names the nearest", async () => {
    for (const [words, says] of [
      [["netwrk", "ls"], /no command "netwrk" \(did you mean "network"\?\); see: causeway help\n$/],
      [["network", "inspct"], /did you mean "network inspect"\?\); see: causeway help network\n$/],
      [["help", "nosuch"], /no command "nosuch"; see: causeway help\n$/],
      [["help", "network", "lss"], /no command "network lss"/],
      [["network", "ls", "--quite"], /\(did you mean --quiet\?\); see: causeway help network ls\n$/],
      [["ps", "--nosuch"], /see: causeway help ps\n$/],
      [["completion"], /bash, zsh, fish/],
      [["exec", "-t", "web", "sh"], /-t hands our terminal on, and there is none here/],
      [["network", "ls", "-q", "--json"], /cannot be used with/],
      [["network", "rm"], /missing required argument/],
      [["-H", "http://x", "network", "ls"], /"http:\/\/x" is no daemon's address/],
      [["-H", "tcp://127.0.0.1:1", "network", "ls"], /certificate/],
    ] as const) {
      const { code, stdout, stderr } = await runCli(words, { socket: nowhere });
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, says);
      assert.match(stderr, /^causeway: .*\n$/, "it is one line");
    }
  });

  test("whatever a daemon says, an error is one line that no terminal obeys", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "causeway-cli-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const socket = join(directory, "causeway.sock");
    const error = { code: "c", kind: "conflict", message: "a\u001b[2J\u009b31m\nb" };
    const server = createServer((_, response) =>
      response.writeHead(409, { "content-type": "application/json" }).end(JSON.stringify({ error })),
    ).listen(socket);
    t.after(() => server.close());
    for (const words of [["network", "ls"], ["network", "rm", "n"], ["version"]]) {
      const { code, stderr } = await runCli(words, { socket });
      assert.deepEqual([code, stderr], [1, "causeway: a\ufffd[2J\ufffd31m\ufffdb\n"], words.join(" "));
    }
  });

  test("a group without a command tells its commands, and is no success", async () => {
    const { code, stderr } = await runCli(["network"]);
    assert.equal(code, 2);
    assert.match(stderr, /prune/);
  });
});

describe("output", () => {
  test("a reader that leaves is no reason for words", async (t) => {
    const { socket } = await TestDaemon.start(t);
    const line = `${launcher} network ls --json | true; exit \${PIPESTATUS[0]}`;
    const { status, stderr } = await bash(line, socket);
    assert.equal(stderr, "");
    // It may have written before the reader was gone.
    assert.ok(status === 0 || status === 141, `${status}`);
  });
});

describe("completion", () => {
  test("in a bash it knows commands, options and names that are there", async (t) => {
    const { socket } = await TestDaemon.start(t);
    const cli = cliOf(socket);
    await cli.ok("network", "create", "frontend");
    const directory = mkdtempSync(join(tmpdir(), "causeway-completion-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const script = join(directory, "completion.bash");
    writeFileSync(script, await cli.ok("completion", "bash"));
    const completed = async (...words: readonly string[]) => {
      const line = `source ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _causeway 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = await bash(line, socket, launcher, ...words);
      return stdout.split("\n").filter(Boolean);
    };
    assert.deepEqual(await completed("netw"), ["network"]);
    assert.deepEqual(await completed("network", "ins"), ["inspect"]);
    assert.deepEqual(await completed("network", "rm", "fr"), ["frontend"]);
    assert.deepEqual(await completed("-H", `unix://${nowhere}`, "network", "rm", "fr"), []);
    assert.deepEqual(await completed("network", "create", "--subn"), ["--subnet"]);
    assert.deepEqual(await completed("network", "create", "--scope", ""), ["local", "global"]);
    assert.deepEqual(await completed("network", "create", "--config-from", "fr"), ["frontend"]);
  });

  test("without a daemon there are no names, no words and no failure", async () => {
    const { code, stdout, stderr } = await runCli(["__complete", "network", "rm", ""], { socket: nowhere });
    assert.deepEqual([code, stdout, stderr], [0, "", ""]);
  });

  test("scripts are sound for the shells that are there", () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { stdout } = spawnSync(launcher, ["completion", shell], { encoding: "utf8" });
      assert.match(stdout, /__complete/);
      const checked = spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" });
      if (checked.error === undefined) assert.equal(checked.status, 0, checked.stderr);
    }
  });
});

/** Not spawnSync: the daemon answers from this process. */
async function bash(line: string, socket: string, ...words: readonly string[]) {
  const child = spawn("bash", ["--norc", "-c", line, "bash", ...words], {
    env: { PATH: process.env.PATH, CAUSEWAY_HOST: `unix://${socket}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { status: status as number | null, stdout, stderr };
}
