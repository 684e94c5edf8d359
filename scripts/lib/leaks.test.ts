import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

/** Runs a script inside a fresh machine between the two snapshots, and answers with what the leak check says. */
function leaksOf(script: string, files: string, patience?: number): string[] {
  const program = `
    import { execFileSync } from "node:child_process";
    import { leaksSince, wholeMachine } from ${JSON.stringify(join(import.meta.dirname, "leaks.ts"))};
    execFileSync("sh", ["-ec", "mkdir -p /run/netns; mount -t tmpfs none /run/netns; ip link add old0 type bridge"]);
    const look = () => wholeMachine(process.argv[1]);
    const before = look();
    execFileSync("sh", ["-ec", ${JSON.stringify(script)}]);
    console.log(JSON.stringify(await leaksSince(before, look, ${patience})));
  `;
  const command = [
    "--net",
    "--mount",
    process.execPath,
    "--input-type=module-typescript",
    "-e",
    program,
    files,
  ];
  return JSON.parse(execFileSync("unshare", command, { encoding: "utf8" })) as string[];
}

test("links, namespaces, mounts, tables and files are found; what was there before is not", (t) => {
  const files = mkdtempSync(join(tmpdir(), "causeway-leaks-"));
  t.after(() => rmSync(files, { recursive: true }));
  writeFileSync(join(files, "old"), "");
  const left = leaksOf(
    `ip link add new0 type bridge; ip netns add red; nft add table inet causeway; touch ${files}/new`,
    files,
    0,
  );
  assert.deepEqual(left, [
    "link new0",
    "nft table inet causeway",
    "namespace red",
    "mount /run/netns/red",
    `file ${files}/new`,
  ]);
});

test("links that the kernel is still reaping are waited for", (t) => {
  const files = mkdtempSync(join(tmpdir(), "causeway-leaks-"));
  t.after(() => rmSync(files, { recursive: true }));
  const script = `
    for i in 1 2 3 4 5 6 7 8; do
      ip netns add n$i; ip link add v$i type veth peer name e netns n$i; umount /run/netns/n$i; rm /run/netns/n$i
    done`;
  assert.deepEqual(leaksOf(script, files), []);
});
