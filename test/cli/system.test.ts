// causeway topology, events, doctor, repair, backup, log-level and version, against a daemon.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { link } from "@causeway/kernel";
import { cliOf, launcher } from "../support/cli.ts";
import { TestDaemon } from "../support/daemon.ts";

test("what stands is drawn, and told as data", async (t) => {
  const cli = cliOf((await TestDaemon.start(t)).socket);
  await cli.ok("network", "create", "--subnet", "10.1.0.0/24", "n1");
  assert.match(await cli.ok("topology"), /n1[\s\S]*10\.1\.0\./);
  const { networks } = JSON.parse(await cli.ok("topology", "--json")) as { networks: { name: string }[] };
  assert.ok(networks.some(({ name }) => name === "n1"));
});

test("the doctor is content, finds what somebody took away with status 1, and repair mends it", async (t) => {
  const daemon = await TestDaemon.start(t, { controller: { selfHeal: false } });
  const cli = cliOf(daemon.socket);
  const id = (await cli.ok("network", "create", "n1")).trim();
  const well = await cli.run("doctor", "--json");
  const already = (JSON.parse(well.stdout) as { items: { code: string }[] }).items.map(({ code }) => code);
  daemon.host.rtnl.execute(link.remove({ name: `br-${id.slice(0, 12)}` }));
  const ill = await cli.run("doctor");
  assert.equal(ill.code, 1, ill.stdout);
  assert.match(ill.stdout, /^network n1$[\s\S]* ✗ .*bridge[\s\S]* mend: .* or: causeway repair$/m);
  assert.match(await cli.run("repair").then(({ stdout }) => stdout), /✓ mended: .*bridge/);
  const after = await cli.run("doctor", "--quiet");
  assert.deepEqual(after.stdout.split("\n").filter(Boolean), already);
  assert.equal(after.code, already.length === 0 ? 0 : 1);
});

test("events are told as they come until Ctrl-C, and afterwards from memory", async (t) => {
  const { socket } = await TestDaemon.start(t);
  const cli = cliOf(socket);
  const child = spawn(
    launcher,
    ["events", "--filter", "type=network", "--format", "{{.type}} {{.subject.name}}"],
    {
      env: { PATH: process.env.PATH, CAUSEWAY_HOST: `unix://${socket}` },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let told = lines.next();
  // Until it listens nothing is told: another network for each try.
  let made = 0;
  for (let heard = false; !heard; ) {
    await cli.ok("network", "create", `n${made++}`);
    heard = await Promise.race([told.then(() => true), cli.ok("version").then(() => false)]);
  }
  const { value } = await told;
  assert.match(value ?? "", /^network:create n\d+$/);
  const ended = once(child, "close");
  child.kill("SIGINT");
  told = lines.next();
  assert.deepEqual(await ended, [130, null]);

  const remembered = await cli.ok("events", "--since", "1h", "--until", "0s", "--filter", "name=n0");
  assert.match(remembered, /^\S+Z network:create n0 \(type=bridge\)\n$/);
  const json = await cli.ok("events", "--since", "1h", "--until", "0s", "--filter", "name=n0", "--json");
  assert.equal((JSON.parse(json) as { type: string }).type, "network:create");
});

test("backup prints where it is, the log level changes, versions are told", async (t) => {
  const cli = cliOf((await TestDaemon.start(t)).socket);
  const path = (await cli.ok("backup", "one.db")).trim();
  assert.ok(existsSync(path), path);
  assert.equal((await cli.run("backup", "one.db")).code, 1);
  assert.equal((await cli.ok("backup", "--overwrite", "one.db")).trim(), path);

  await cli.ok("log-level", "warn");
  assert.equal(await cli.ok("log-level"), "warn\n");
  const slip = await cli.run("log-level", "wran");
  assert.deepEqual(
    [slip.code, slip.stderr],
    [2, 'causeway: there is no log level "wran" (did you mean "warn"?)\n'],
  );

  assert.match(await cli.ok("version"), /^Client:\n Version: [\s\S]*Server:\n Version: /);
  assert.match(await cli.ok("version", "--format", "{{.Server.drivers}}"), /^\[.*bridge.*\]\n$/);
});
