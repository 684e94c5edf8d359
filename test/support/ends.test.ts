import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { link } from "@causeway/kernel";
import { pluginScene } from "./bridge-plugin.ts";
import { type End, endAll } from "./ends.ts";
import { ServedHost } from "./served-host.ts";

/** Takes hooks as node:test does: not one after the first that fails. */
async function endAsRunner(hooks: readonly End[]): Promise<void> {
  for (const hook of hooks) await hook();
}

test("every step is taken, and what went wrong is thrown afterwards", async () => {
  const taken: string[] = [];
  const step = (name: string, fails: boolean) => () => {
    taken.push(name);
    if (fails) throw new Error(name);
  };
  await endAll([step("a", false)]);
  await assert.rejects(endAll([step("b", true), step("c", false)]), /^Error: b$/);
  await assert.rejects(endAll([step("d", true), step("e", true)]), /^AggregateError: Error: d; Error: e$/);
  assert.deepEqual(taken, ["a", "b", "c", "d", "e"]);
});

test("a plugin's server ends though its host is left unclean", async () => {
  const hooks: End[] = [];
  const { host, directory, plugin } = await pluginScene({
    after: (hook?: unknown) => void hooks.push(hook as End),
  });
  const socket = join(directory, `${plugin.name}.sock`);
  assert.equal(existsSync(socket), true);
  host.patience = 0;
  host.rtnl.execute(link.create({ name: "left0", info: { kind: "bridge" } }));
  await assert.rejects(endAsRunner(hooks), /the host holds something else than at first/);
  assert.equal(existsSync(socket), false);
});

test("a served plugin's process ends though a step before it fails", async () => {
  const hooks: End[] = [];
  const host = ServedHost.create({ after: (hook?: unknown) => void hooks.push(hook as End) });
  const { plugin } = await host.serve("ours");
  host.beforeEnd(() => {
    throw new Error("a step fails");
  });
  await assert.rejects(endAsRunner(hooks), /a step fails/);
  assert.equal(await plugin.end("SIGKILL"), undefined, "it has ended before");
});
