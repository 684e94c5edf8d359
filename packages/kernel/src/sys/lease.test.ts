import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { tryLease } from "./lease.ts";

function setUp(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "causeway-lease-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "file");
  writeFileSync(path, "old");
  return path;
}

test("who opens a leased file waits until it is closed", async (t) => {
  const path = setUp(t);
  const fd = openSync(path, "r+");
  assert.equal(tryLease(fd), true);
  const child = spawn("cat", [path], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  await sleep(100);
  assert.equal(output, "");
  writeSync(fd, "new", 0);
  closeSync(fd);
  await once(child, "close");
  assert.equal(output, "new");
});

test("there is no lease of a file that somebody has open", (t) => {
  const path = setUp(t);
  const other = openSync(path, "r");
  const fd = openSync(path, "r+");
  assert.equal(tryLease(fd), false);
  closeSync(other);
  assert.equal(tryLease(fd), true);
  closeSync(fd);
});
