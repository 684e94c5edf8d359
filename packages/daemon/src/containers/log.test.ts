import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { readLog } from "./log.ts";

checkLeaks();

const inotifyInstances = () =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("inotify");
    } catch {
      return false;
    }
  }).length;

test("many follow logs by one watch, and each gets what is written to its own", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "causeway-logs-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const names = ["one", "two"];
  for (const name of names) writeFileSync(join(directory, name), "begun\n");
  const before = inotifyInstances();
  const ended = new AbortController();
  const logs = Array.from({ length: 20 }, (_, at) =>
    readLog(directory, names[at % 2] ?? "", { ended: ended.signal }),
  );
  const next = () => Promise.all(logs.map(async (log) => String((await log.next()).value)));
  assert.deepEqual(new Set(await next()), new Set(["begun\n"]));
  assert.equal(inotifyInstances(), before + 1);
  const written = next();
  for (const name of names) appendFileSync(join(directory, name), name);
  assert.deepEqual(
    await written,
    logs.map((_, at) => names[at % 2]),
  );
  ended.abort();
  for (const log of logs) assert.equal((await log.next()).done, true);
  assert.equal(inotifyInstances(), before);
});
