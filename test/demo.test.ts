// npm run demo, as a user sees it: what it says, what it leaves, and what it does when it is kept or interrupted.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { NetworkController } from "@causeway/libnetwork";
import { DemoHost } from "../scripts/demo/host.ts";
import { identityOf, processesIn } from "../scripts/demo/processes.ts";
import { Report } from "../scripts/demo/report.ts";
import { tell } from "../scripts/demo/story.ts";
import { checkLeaks } from "./support/leak-check.ts";

const root = join(import.meta.dirname, "..");
const program = join(root, "scripts/demo.ts");
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compile") };
const nothingLeft =
  /\nNothing is left: no link, nftables table, namespace, mount, file or process\. [\d.]+ s in all\.\n$/;

function demo(directory: string, ...args: string[]) {
  return demoIn(env, directory, ...args);
}

function demoIn(env: NodeJS.ProcessEnv, directory: string, ...args: string[]) {
  const command = [program, "--directory", directory, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8", env });
  return { status, stdout, stderr };
}

describe("npm run demo", () => {
  const scratch = checkLeaks();
  const directoryOf = (name: string) => join(scratch.directory, name);

  test("tells the story, each step with its time, draws what stands in 100 columns, and leaves nothing", () => {
    const directory = directoryOf("plain");
    const { status, stdout, stderr } = demo(directory);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" }, stdout);
    for (const step of [
      "controller: open",
      "network1: newNetwork",
      "web: createEndpoint",
      "web: newSandbox",
      "web: join",
    ]) {
      assert.match(stdout, new RegExp(`^· ${step}.* \\d+\\.\\d ms$`, "m"));
    }
    for (const claim of [
      /^✔ app reaches web: the same network +seen as 172\.30\.0\.3, fd00:30::3 +[\d.]+ ms$/m,
      /^✔ outside reaches web: the published port +seen as 198\.51\.100\.1, 2001:db8:51::1 +[\d.]+ ms$/m,
      /^✔ db does not reach web: another network +no answer in 300 ms +[\d.]+ ms$/m,
      /^✔ db reaches outside: seen as the host +seen as 198\.51\.100\.2, 2001:db8:51::2 +[\d.]+ ms$/m,
    ]) {
      assert.match(stdout, claim);
    }
    const containers = ["/usr/sbin/runc", "/bin/busybox"].every(existsSync)
      ? /^✔ causeway run, in network1: reaches web +seen as 172\.30\.0\.4 .*\n✔ causeway run, in network2: does not +no answer in 1 s /m
      : /^left out: it takes runc and busybox-static /m;
    assert.match(stdout, containers);
    assert.match(stdout, /^✔ outside reaches web still|^left out/m);
    const drawing = stdout.slice(stdout.indexOf("┌─ host"), stdout.lastIndexOf("┘"));
    for (const row of [
      /│ eth0 {2}198\.51\.100\.2\/24 {2}2001:db8:51::2\/64 {2}via 198\.51\.100\.1, 2001:db8:51::1 /,
      /│ ╔═ network1 ═ br-[0-9a-f]{12} ═ 172\.30\.0\.1\/24 ═ fd00:30::1\/64 /,
      /│ ║ {3}╔═ network2 ═ br-[0-9a-f]{12} ═ 172\.31\.0\.1\/24 ═ fd00:31::1\/64 /,
      /│ ╟─+ veth[0-9a-f]{11} ─+┤ eth0 {2}172\.30\.0\.2\/24 {2}fd00:30::2\/64 {2}via 172\.30\.0\.1, fd00:30::1 /,
      /│ {7}published \*:8080 → 80\/tcp /,
      /│ ╟───╫─+ veth[0-9a-f]{11} ─+┤ eth0 {2}172\.30\.0\.3\/24 /,
      /│ ╨ {3}╟─+ veth[0-9a-f]{11} ─+┤ eth1 {2}172\.31\.0\.2\/24 /,
      /┌─ db ─+┐/,
    ]) {
      assert.match(drawing, row);
    }
    assert.ok(stdout.split("\n").every((line) => line.length <= 100));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the beginning of a colour
    assert.doesNotMatch(stdout, /\x1b/);
    assert.match(stdout, nothingLeft);
    assert.equal(existsSync(directory), false);
  });

  test("--keep leaves it standing and says how to look around; --remove takes it away", () => {
    const directory = directoryOf("kept");
    const kept = demo(directory, "--keep");
    assert.deepEqual({ status: kept.status, stderr: kept.stderr }, { status: 0, stderr: "" }, kept.stdout);
    assert.doesNotMatch(kept.stdout, /Taken down/);
    const places = [...kept.stdout.matchAll(/^ {2}(\w+) +(nsenter --net=(\S+) ip -brief address)$/gm)];
    const found = new Map(places.map(([, name = "", command = ""]) => [name, shell(command)]));
    assert.match(found.get("host") ?? "", /^br-.* 172\.30\.0\.1\/24 /m);
    assert.match(found.get("outside") ?? "", /^eth0@.* 198\.51\.100\.1\/24 /m);
    assert.match(found.get("web") ?? "", /^eth0@.* 172\.30\.0\.2\/24 /m);
    assert.match(found.get("app") ?? "", /^eth0@.* 172\.30\.0\.3\/24 (.*\n)*eth1@.* 172\.31\.0\.2\/24 /m);
    assert.match(found.get("db") ?? "", /^eth0@.* 172\.31\.0\.3\/24 /m);
    const [, , , outside = ""] = places.find(([, name]) => name === "outside") ?? [];
    const client = `${process.execPath} ${join(root, "scripts/demo/client.ts")} 3000`;
    const fetched = shell(
      `nsenter --net=${outside} ${client} http://198.51.100.2:8080/ http://[2001:db8:51::2]:8080/`,
    );
    assert.deepEqual(JSON.parse(fetched), [{ body: "198.51.100.1" }, { body: "2001:db8:51::1" }]);

    const second = demo(directory);
    assert.equal(second.status, 1);
    assert.match(
      second.stdout,
      /✘ a demo stands in .*kept already: remove it by npm run demo -- --remove --directory /,
    );

    const namespaces = new Set(places.map(([, , , path = ""]) => identityOf(path)));
    assert.equal(processesIn(namespaces).length, 2, "the web servers");
    const removed = demo(directory, "--remove");
    assert.deepEqual(
      { status: removed.status, stderr: removed.stderr },
      { status: 0, stderr: "" },
      removed.stdout,
    );
    assert.match(removed.stdout, nothingLeft);
    assert.equal(existsSync(directory), false);
    assert.deepEqual(processesIn(namespaces), []);

    const again = demo(directory, "--remove");
    assert.deepEqual(
      { status: again.status, stdout: again.stdout },
      { status: 0, stdout: `no demo stands in ${directory}\n` },
    );
  });

  test("what is left is named, and fails", async () => {
    const directory = directoryOf("lived-in");
    const kept = demo(directory, "--keep");
    const [, path = ""] = /^ {2}db +nsenter --net=(\S+)/m.exec(kept.stdout) ?? [];
    const guest = spawn("nsenter", [`--net=${path}`, "sleep", "600"], { stdio: "ignore" });
    await once(guest, "spawn");
    const { status, stdout } = demo(directory, "--remove");
    guest.kill();
    await once(guest, "exit");
    assert.equal(status, 1);
    assert.match(stdout, new RegExp(`✘ left behind: process ${guest.pid} \\(sleep 600\\): end it`));
    assert.doesNotMatch(stdout, /Nothing is left/);
    assert.equal(existsSync(directory), false);
  });

  /** Starts a demo, and sends a signal when all sandboxes are attached. */
  async function stopped(directory: string, signal: NodeJS.Signals) {
    const running = spawn(process.execPath, [program, "--directory", directory], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    running.stdout.setEncoding("utf8").on("data", (part: string) => {
      const sent = stdout.includes("· db: attach");
      stdout += part;
      if (!sent && stdout.includes("· db: attach")) running.kill(signal);
    });
    const [status] = await once(running, "close");
    assert.doesNotMatch(stdout, /db reaches outside/);
    return { status, stdout };
  }

  test("an interrupt takes everything down", async () => {
    const directory = directoryOf("interrupted");
    const { status, stdout } = await stopped(directory, "SIGINT");
    assert.equal(status, 130, stdout);
    assert.match(stdout, /^interrupted$/m);
    assert.match(stdout, nothingLeft);
    assert.equal(existsSync(directory), false);
  });

  test("what a killed run has left is taken away by --remove", async () => {
    const directory = directoryOf("killed");
    await stopped(directory, "SIGKILL");
    assert.equal(existsSync(directory), true);
    const { status, stdout } = demo(directory, "--remove");
    assert.equal(status, 0, stdout);
    assert.match(stdout, nothingLeft);
    assert.equal(existsSync(directory), false);
  });

  test("a claim that does not hold is told and counted", async () => {
    class Silent extends DemoHost {
      override async serve(): Promise<void> {}
    }
    class Noted extends Report {
      readonly lines: string[] = [];
      override say(line: string): void {
        this.lines.push(line);
      }
    }
    const host = new Silent(directoryOf("silent"));
    const report = new Noted();
    host.build();
    const controller = await NetworkController.open(host.controllerOptions);
    try {
      await tell(controller, host, report);
      const failures = report.lines.filter((line) => line.startsWith("✘"));
      assert.equal(report.failures, 3);
      assert.match(
        failures[0] ?? "",
        /^✘ app reaches web: the same network: http:\/\/172\.30\.0\.2:80\/: ECONNREFUSED$/,
      );
    } finally {
      for (const sandbox of controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
      await controller.close();
      host.letGo();
    }
  });

  test("--help says how it is used, and does nothing", () => {
    const { status, stdout, stderr } = demo(directoryOf("never"), "--help");
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    for (const word of ["overlay", "--keep", "--remove", "--directory DIR"]) assert.ok(stdout.includes(word));
    assert.equal(existsSync(directoryOf("never")), false);
  });

  test("overlay says what it lacks where there is no etcd, and does nothing", () => {
    const directory = directoryOf("no-etcd");
    const { status, stdout } = demoIn({ ...env, PATH: directory }, directory, "overlay");
    assert.equal(status, 1, stdout);
    assert.match(stdout, /^✘ the overlay demo takes an etcd, .* apt-get install .*etcd-server$/m);
    assert.equal(existsSync(directory), false);
  });

  test("bad arguments are refused", () => {
    for (const args of [["--kept"], ["--keep", "--remove"], ["now"], ["overlay", "now"]]) {
      const { status, stdout, stderr } = demo(directoryOf("never"), ...args);
      assert.deepEqual({ status, stdout }, { status: 2, stdout: "" });
      assert.match(stderr, /^npm run demo: /);
    }
    assert.equal(existsSync(directoryOf("never")), false);
  });
});

function shell(command: string): string {
  return spawnSync("sh", ["-c", command], { encoding: "utf8" }).stdout;
}
