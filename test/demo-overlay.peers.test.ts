// npm run demo -- overlay, as a user sees it: what it says, what it leaves, and what it does when it is kept, interrupted or killed.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { checkLeaks } from "./support/leak-check.ts";
import { needsPeer } from "./support/peers.ts";

const root = join(import.meta.dirname, "..");
const program = join(root, "scripts/demo.ts");
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compile") };
const nothingLeft =
  /\nNothing is left: no link, nftables table, namespace, mount, file or process\. [\d.]+ s in all\.\n$/;

function demo(directory: string, ...args: string[]) {
  const command = [program, "overlay", "--directory", directory, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8", env });
  return { status, stdout, stderr };
}

function shell(command: string) {
  const { status, stdout } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  return { status, stdout };
}

/** Etcds whose files are in the directory. */
function etcdsOf(directory: string): string {
  return shell(`pgrep -fa -- "^etcd .*--data-dir ${directory}/"`).stdout;
}

describe("npm run demo -- overlay", { skip: needsPeer("etcd") }, () => {
  const scratch = checkLeaks();
  const directoryOf = (name: string) => join(scratch.directory, name);

  function assertGone(directory: string): void {
    assert.equal(existsSync(directory), false);
    assert.equal(etcdsOf(directory), "");
  }

  test("draws two hosts, pings between their sandboxes, and leaves nothing", () => {
    const directory = directoryOf("plain");
    const { status, stdout, stderr } = demo(directory);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" }, stdout);
    const address = String.raw`10\.7\.0\.\d+`;
    for (const claim of [
      `✔ a knows b by name, and b a +b is ${address}, a is ${address} `,
      `✔ a pings b, on the other host +${address} in [\\d.]+ ms `,
      "✔ a pings b, by IPv6 +fd00:7::[0-9a-f:]+ in [\\d.]+ ms ",
      `✔ b pings a, on the other host +${address} in [\\d.]+ ms `,
      "✔ c does not reach a: another network +no way there ",
      "✔ a does not reach b any more +no answer in 1 s ",
      `✔ a pings b again +${address} in [\\d.]+ ms `,
    ]) {
      assert.match(stdout, new RegExp(`^${claim}`, "m"));
    }
    const [first = "", second = ""] = stdout
      .split("VXLAN ")
      .map((part) => part.slice(part.indexOf("┌─ host")));
    for (const [drawing, own, row] of [
      [first, /┌─ host1 ─+┐\n│ eth0 {2}198\.51\.100\.1\/24 /, /│ ║ +┌─ a ─+┐/],
      [second, /┌─ host2 ─+┐\n│ eth0 {2}198\.51\.100\.2\/24 /, /│ ║ +┌─ b ─+┐/],
    ] as const) {
      assert.match(drawing, own);
      assert.match(drawing, /│ ╔═ web ═ overlay ═ 10\.7\.0\.0\/24 ═ fd00:7::\/64 /);
      assert.match(drawing, row);
    }
    assert.match(stdout, /^ {5}│ {2}VXLAN \d+ in UDP, port 4789: 198\.51\.100\.1 ◄─► 198\.51\.100\.2$/m);
    assert.ok(stdout.split("\n").every((line) => line.length <= 110));
    assert.match(stdout, nothingLeft);
    assertGone(directory);
  });

  test("--keep leaves it standing, in which packets flow on; --remove takes it away", () => {
    const directory = directoryOf("kept");
    const kept = demo(directory, "--keep");
    assert.deepEqual({ status: kept.status, stderr: kept.stderr }, { status: 0, stderr: "" }, kept.stdout);
    const places = [...kept.stdout.matchAll(/^ {2}(\w+) +(nsenter --net=\S+) ip -brief address$/gm)];
    const into = new Map(places.map(([, name = "", command = ""]) => [name, command]));
    assert.deepEqual([...into.keys()], ["host1", "host2", "a", "b", "c"]);
    const ofB = /\b10\.7\.0\.\d+/.exec(shell(`${into.get("b")} ip -brief address`).stdout)?.[0];
    assert.equal(shell(`${into.get("a")} ping -n -c1 -W2 ${ofB}`).status, 0);
    assert.notEqual(shell(`${into.get("c")} ping -n -c1 -W1 ${ofB}`).status, 0);
    assert.notEqual(etcdsOf(directory), "");

    const second = demo(directory);
    assert.equal(second.status, 1);
    assert.match(
      second.stdout,
      /✘ a demo stands in .*kept already: remove it by npm run demo -- overlay --remove /,
    );

    const removed = demo(directory, "--remove");
    assert.deepEqual({ status: removed.status, stderr: removed.stderr }, { status: 0, stderr: "" });
    assert.match(removed.stdout, nothingLeft);
    assertGone(directory);
    const again = demo(directory, "--remove");
    assert.deepEqual(again, { status: 0, stdout: `no demo stands in ${directory}\n`, stderr: "" });
  });

  /** Starts a demo in a process group of its own, and sends that a signal, as a terminal does, when a step has been told. */
  async function stopped(directory: string, signal: NodeJS.Signals, step: string) {
    const running = spawn(process.execPath, [program, "overlay", "--directory", directory], {
      env,
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    let sent = false;
    running.stdout.setEncoding("utf8").on("data", (part: string) => {
      stdout += part;
      if (sent || running.pid === undefined || !stdout.includes(step)) return;
      sent = true;
      process.kill(-running.pid, signal);
    });
    const [status] = await once(running, "close");
    return { status, stdout };
  }

  for (const step of ["· etcd: starts", "· host2: b: attach"]) {
    test(`Ctrl-C after "${step}" takes everything down`, async () => {
      const directory = directoryOf("interrupted");
      const { status, stdout } = await stopped(directory, "SIGINT", step);
      assert.equal(status, 130, stdout);
      assert.match(stdout, /^interrupted$/m);
      assert.doesNotMatch(stdout, /a pings b again/);
      assert.match(stdout, nothingLeft);
      assertGone(directory);
    });

    test(`what a run has left that was killed after "${step}" is taken away by --remove`, async () => {
      const directory = directoryOf("killed");
      await stopped(directory, "SIGKILL", step);
      assert.notEqual(etcdsOf(directory), "");
      const { status, stdout } = demo(directory, "--remove");
      assert.equal(status, 0, stdout);
      assert.match(stdout, nothingLeft);
      assertGone(directory);
    });
  }
});
