// causeway network, against a daemon.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runCli } from "../support/cli.ts";
import { TestDaemon } from "../support/daemon.ts";

test("networks are listed as a table, as ids and as JSON", async (t) => {
  const { socket, ...daemon } = await startedWith(t, "n1");
  const table = await runCli(["network", "ls"], { socket });
  assert.equal(table.code, 0, table.stderr);
  const [titles = "", ...rows] = table.stdout.trimEnd().split("\n");
  assert.match(titles, /^NETWORK ID {5}NAME +DRIVER +SCOPE +SUBNETS$/);
  assert.ok(
    rows.some((row) => /^[0-9a-f]{12} +n1 +bridge +local +172\.\d+\.0\.0\/16$/.test(row)),
    table.stdout,
  );

  const ids = await runCli(["network", "ls", "--quiet", "--no-trunc"], { socket });
  assert.ok(ids.stdout.split("\n").includes(daemon.ids[0] ?? ""), ids.stdout);
  const json = await runCli(["network", "list", "--json"], { socket });
  const listed = JSON.parse(json.stdout) as { name: string }[];
  assert.ok(listed.some(({ name }) => name === "n1"));
});

test("without a daemon it says how to start one, with a status of its own", async () => {
  const { code, stdout, stderr } = await runCli(["network", "ls"], { socket: "/nonexistent/causeway.sock" });
  assert.equal(code, 69);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /^causeway: no daemon listens on unix:\/\/\/nonexistent\/causeway.sock.*causeway daemon/,
  );
});

test("what is not understood names the nearest, with status 2", async () => {
  const slip = await runCli(["netwrk", "ls"]);
  assert.equal(slip.code, 2);
  assert.match(slip.stderr, /did you mean network\?/i);
  const option = await runCli(["network", "ls", "--quite"]);
  assert.equal(option.code, 2);
  assert.match(option.stderr, /--quiet/);
});

async function startedWith(t: Parameters<typeof TestDaemon.start>[0], ...names: readonly string[]) {
  const { socket, ask } = await TestDaemon.start(t).then((daemon) => ({
    socket: daemon.socket,
    ask: daemon.ask.bind(daemon),
  }));
  const ids: string[] = [];
  for (const name of names) {
    const { body, text } = await ask("POST", "/cnm/v1/networks", { name });
    assert.ok(body, text);
    ids.push((body as { id: string }).id);
  }
  return { socket, ids };
}
