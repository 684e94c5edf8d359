// A run directory is one controller's, and what others keep in it is theirs.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NetNamespace, unbindNamespace } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { failsWith } from "../packages/libnetwork/src/test-support.ts";
import { eventually } from "./support/eventually.ts";
import { TestHost } from "./support/host.ts";

test("what others keep beside the sandboxes' namespaces stays when a controller opens", async (t) => {
  const host = await TestHost.create(t);
  const folder = join(host.options.runDir, "netns");
  const theirs = join(folder, "blue");
  const file = join(folder, "0123456789ab");
  const ours = join(folder, "ba9876543210");
  using namespace = NetNamespace.create();
  namespace.bindAt(theirs);
  namespace.bindAt(ours);
  writeFileSync(file, "a file");
  const sandbox = await host.controller.newSandbox("c");
  const { hosts } = sandbox.files;
  const halfMade = join(folder, "aaaaaaaaaaaa");
  const emptyOfOthers = join(folder, "blue-file");
  for (const empty of [halfMade, emptyOfOthers]) writeFileSync(empty, "");
  const filesOfKilled = join(host.options.runDir, "sandboxes/ba9876543210");
  mkdirSync(filesOfKilled);
  await host.restart();
  await eventually(() => assert.ok(!existsSync(ours), "what a killed run left is let go of"));
  assert.ok(!existsSync(halfMade), "what a run left that was killed before it mounted is removed");
  assert.ok(existsSync(emptyOfOthers));
  assert.ok(!existsSync(filesOfKilled), "what a killed run left is removed");
  assert.ok(existsSync(hosts));
  await host.controller.sandboxDestroy("c");
  await host.stop();
  using still = NetNamespace.open(theirs);
  assert.equal(still.identity, namespace.identity);
  assert.equal(readFileSync(file, "utf8"), "a file");
  unbindNamespace(theirs);
  for (const path of [file, emptyOfOthers]) rmSync(path);
});

test("a run that was killed before it mounted the host's namespace is no hindrance to the next", async (t) => {
  const host = await TestHost.create(t);
  writeFileSync(join(host.options.runDir, "netns/host"), "");
  await host.controller.newSandbox("c", { useHostNetwork: true });
  await host.controller.sandboxDestroy("c");
});

const obstacles: readonly (readonly [title: string, make: (runDir: string) => void, message: RegExp])[] = [
  [
    "owner is a FIFO",
    (runDir) => execFileSync("mkfifo", [join(runDir, "owner")]),
    /\/owner is a FIFO where the file with .*: remove it, or give/,
  ],
  [
    "owner is a dangling link",
    (runDir) => symlinkSync("/nowhere", join(runDir, "owner")),
    /\/owner is a symbolic link where the file .*: remove it/,
  ],
  [
    "owner is a directory",
    (runDir) => mkdirSync(join(runDir, "owner")),
    /\/owner is a directory where.*: remove it/,
  ],
  [
    "netns is a file",
    (runDir) => writeFileSync(join(runDir, "netns"), ""),
    /\/netns is a file where a directory should be: remove it/,
  ],
  [
    "netns is a dangling link",
    (runDir) => symlinkSync("/nowhere", join(runDir, "netns")),
    /\/netns is a symbolic link where a directory should be: remove it/,
  ],
  [
    "sandboxes is a FIFO",
    (runDir) => execFileSync("mkfifo", [join(runDir, "sandboxes")]),
    /\/sandboxes is a FIFO where a directory should be: remove it/,
  ],
  [
    "it is a file itself",
    (runDir) => {
      rmSync(runDir, { recursive: true });
      writeFileSync(runDir, "");
    },
    /cannot be made a directory .*EEXIST.*: give another, or remove/,
  ],
];
for (const [at, [title, make, message]] of obstacles.entries()) {
  test(`a run directory is refused with advice, and left as it is, where ${title}`, async (t) => {
    const host = await TestHost.create(t);
    const runDir = join(host.directory, `run-${at}`);
    const stateDir = join(host.directory, "state-of-another");
    mkdirSync(runDir);
    make(runDir);
    const contents = () => (statSync(runDir).isDirectory() ? readdirSync(runDir) : []);
    const before = contents();
    await assert.rejects(
      NetworkController.open({ ...host.options, stateDir, runDir }),
      failsWith("conflict", "run_dir_unusable", message),
    );
    assert.deepEqual(contents(), before);
  });
}

test("a run directory of another controller is refused", async (t) => {
  const host = await TestHost.create(t);
  const owner = readFileSync(join(host.options.runDir, "owner"), "utf8").trim();
  const stateDir = join(host.directory, "state-of-another");
  await assert.rejects(NetworkController.open({ ...host.options, stateDir }), (error: Error) => {
    assert.match(error.message, new RegExp(`controller "${owner}": give this one a directory of its own`));
    assert.equal(Reflect.get(error, "code"), "run_dir_taken");
    return true;
  });
  await host.restart();
});

test("a directory in which somebody else keeps namespaces like ours is refused", async (t) => {
  const host = await TestHost.create(t);
  const runDir = join(host.directory, "docker");
  const theirs = join(runDir, "netns/0123456789ab");
  mkdirSync(join(runDir, "netns"), { recursive: true });
  using namespace = NetNamespace.create();
  namespace.bindAt(theirs);
  const stateDir = join(host.directory, "state-of-another");
  for (let time = 0; time < 2; time++) {
    await assert.rejects(NetworkController.open({ ...host.options, stateDir, runDir }), {
      code: "run_dir_taken",
      kind: "conflict",
    });
  }
  using still = NetNamespace.open(theirs);
  assert.equal(still.identity, namespace.identity);
});
