// The store in distress: a backup is restored, the disk is full, the database is gone. The kernel follows the store, and sandboxes talk on.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CausewayError, NetworkController } from "@causeway/libnetwork";
import { TestHost } from "./support/host.ts";
import { assertSameState } from "./support/kernel-state.ts";
import { assertTalking, ipv4Only } from "./support/scenes.ts";

/** Without what is only counted. */
function kernelOf(state: readonly string[]): readonly string[] {
  return state.filter((line) => !/causeway\.db|\/state\/|^open /.test(line));
}

test("after a restore the kernel is what the backup says, and the sandboxes of the backup talk", async (t) => {
  const host = await TestHost.create(t);
  const path = join(host.directory, "backup");
  const network = await ipv4Only(host, "kept", 1);
  const gone = await ipv4Only(host, "gone", 3);
  const [a, b] = [
    await host.controller.attach(network, { containerId: "a" }),
    await host.controller.attach(network, {
      containerId: "b",
      endpoint: { publish: [{ containerPort: 80, hostPort: 8080 }] },
    }),
  ];
  const before = kernelOf(await host.settled());
  const { revision } = await host.controller.backup(path);
  assert.ok(revision > 0);

  // What the backup does not know, and what it knows and is deleted since.
  const more = await ipv4Only(host, "more", 2);
  await host.controller.attach(more, { containerId: "c" });
  await host.controller.attach(network, { containerId: "d" });
  await b.endpoint.unpublish([{ containerPort: 80 }]);
  await gone.delete();
  const restoring = { stateDir: host.options.stateDir, from: path };
  await assert.rejects(NetworkController.restoreBackup(restoring), { code: "state_dir_locked" });
  await host.stop();
  const { previous } = await NetworkController.restoreBackup(restoring);
  assert.match(String(previous), /causeway\.db\.before-restore-/);
  const controller = await host.start();
  assert.deepEqual(controller.problems, []);
  assert.deepEqual(
    controller
      .networks()
      .map(({ name }) => name)
      .sort(),
    ["gone", "host", "kept", "none"],
  );
  assert.deepEqual(
    controller
      .sandboxes()
      .map(({ containerId }) => containerId)
      .sort(),
    ["a", "b"],
  );
  const steady = (line: string) => !/^link .*br-|^address .*br-|^route /.test(line);
  const after = kernelOf(await host.settled());
  assertSameState(after.filter(steady), before.filter(steady), "the kernel is not what the backup says");
  const [one, two] = [a, b].map(({ sandbox }) => controller.sandboxById(sandbox.id));
  assert.ok(one !== undefined && two !== undefined);
  await assertTalking(one, two);
  assert.deepEqual(
    two.endpoints().map(({ record }) => record.state.bindings.map(({ hostPort }) => hostPort)),
    [[8080, 8080]],
  );
  const heir = controller.networkByName("gone");
  assert.ok(heir !== undefined);
  const x = await controller.attach(heir, { containerId: "x" });
  const y = await controller.attach(heir, { containerId: "y" });
  await assertTalking(x.sandbox, y.sandbox);
});

test("a backup that is put elsewhere is refused while its controller runs, and changes nothing", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const one = await host.controller.attach(network, { containerId: "one" });
  const from = join(host.directory, "backup");
  await host.controller.backup(from);
  const other = await host.controller.attach(network, { containerId: "other" });
  const elsewhere = join(host.directory, "elsewhere");
  await NetworkController.restoreBackup({ stateDir: elsewhere, from });
  const before = kernelOf(await host.settled());
  const copy = { ...host.options, stateDir: elsewhere, runDir: join(elsewhere, "run") };
  await assert.rejects(NetworkController.open(copy), { kind: "conflict", code: "controller_running" });
  assertSameState(kernelOf(await host.settled()), before, "the copy changed something");
  await assertTalking(one.sandbox, other.sandbox);
});

test("on a full disk nothing new is made and nothing is left, and leave and delete go on", async (t) => {
  const host = await TestHost.create(t);
  await host.stop();
  const { stateDir } = host.options;
  // Over the directory, for as long as the test lasts.
  const copy = join(host.directory, "copy");
  cpSync(stateDir, copy, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "none", stateDir]);
  cpSync(copy, stateDir, { recursive: true });
  rmSync(copy, { recursive: true });
  try {
    const controller = await host.start();
    const network = await ipv4Only(host, "n", 1);
    const spare = await ipv4Only(host, "spare", 2);
    const attached = [];
    for (let at = 0; at < 40; at++) {
      attached.push(await controller.attach(network, { containerId: `c${at}` }));
    }
    const [a, b, c] = attached;
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    fill(stateDir);
    const exhausted = async () => {
      // What the log still has room for, in its last page, is no matter.
      for (let at = 0; at < 2_000; at++) {
        fill(stateDir, `more-${at}`);
        await controller.newSandbox(`filler${at}`, { labels: { filler: "x".repeat(9_000) } });
      }
    };
    const full = (error: unknown) => {
      assert.ok(error instanceof CausewayError, String(error));
      assert.deepEqual([error.kind, error.code], ["unavailable", "store_full"]);
      assert.match(error.message, /make space in/);
      return true;
    };
    await assert.rejects(exhausted(), full);
    // The reaper's thread opens what it needs when it needs it.
    const settled = async () => (await host.settled()).filter((line) => line !== "open socket");
    const before = await settled();
    // More than the log has room for, wherever it stands.
    const big = { labels: { filler: "x".repeat(1_500_000) } };
    const refused: readonly (() => Promise<unknown>)[] = [
      () => ipv4Only(host, "new", 4, big),
      () => controller.attach(network, { containerId: "new", sandbox: big }),
      () => network.createEndpoint("new", big),
    ];
    for (const [at, make] of refused.entries()) {
      // What the one before it failed with has emptied the log, whose space is free.
      fill(stateDir, `again-${at}`);
      await assert.rejects(make, full);
    }
    assertSameState(await settled(), before, "what failed has left something");
    await assertTalking(a.sandbox, b.sandbox);

    const reserve = join(stateDir, "causeway.reserve");
    assert.ok(existsSync(reserve));
    await a.endpoint.leave(a.sandbox);
    await c.endpoint.delete({ force: true });
    for (const { sandbox } of attached.slice(3)) await sandbox.delete({ endpoints: "delete" });
    await spare.delete();
    assert.ok(!existsSync(reserve), "the reserve was given up");
    // It opens, too.
    const again = await host.restart();
    assert.deepEqual(again.problems, []);
    assert.equal(again.networkByName("spare"), undefined);
    const [first, second] = ["c0", "c1"].map((name) => again.sandboxByContainerId(name));
    const free = again.networkByName("n")?.endpointByName("c0");
    assert.ok(first !== undefined && second !== undefined && free !== undefined);
    assert.equal(free.sandbox, undefined);

    // With space again, what failed succeeds.
    execFileSync("sh", ["-c", 'rm -f "$0"/filler*', stateDir]);
    await free.join(first);
    assert.ok(existsSync(reserve), "there is a reserve again");
    await assertTalking(first, second);
    const sandboxes = again.sandboxes();
    for (const sandbox of sandboxes) await sandbox.delete({ endpoints: "delete" });
    await again.networkByName("n")?.delete();
    await host.stop();
  } finally {
    await host.stop();
    execFileSync("umount", [stateDir]);
  }
});

/** Somebody else's file takes every byte that is free. */
function fill(directory: string, name = "0"): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail > 0) writeFileSync(join(directory, `filler-${name}`), new Uint8Array(bavail * bsize));
}

test("a database that is gone is no new beginning", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const backup = join(host.directory, "backup");
  const { sandbox } = await host.controller.attach(network, { containerId: "a" });
  const other = await host.controller.attach(network, { containerId: "b" });
  await host.controller.backup(backup);
  const before = kernelOf(await host.settled());
  await host.stop();
  const { stateDir } = host.options;
  rmSync(join(stateDir, "causeway.db"));
  await assert.rejects(host.start(), (error) => {
    assert.ok(error instanceof CausewayError, String(error));
    assert.equal(error.code, "store_corrupt");
    assert.match(error.message, /missing or empty.*restoreBackup/);
    return true;
  });
  // With all that reminds of it.
  rmSync(stateDir, { recursive: true });
  await assert.rejects(host.start(), (error) => {
    assert.ok(error instanceof CausewayError, String(error));
    assert.equal(error.code, "run_dir_taken");
    assert.match(error.message, /restoreBackup.*remove .*owner/);
    return true;
  });
  await NetworkController.restoreBackup({ stateDir, from: backup });
  const controller = await host.start();
  assert.deepEqual(controller.problems, []);
  assertSameState(kernelOf(await host.settled()), before, "something was touched");
  const [one, two] = [sandbox, other.sandbox].map(({ id }) => controller.sandboxById(id));
  assert.ok(one !== undefined && two !== undefined);
  await assertTalking(one, two);
});
