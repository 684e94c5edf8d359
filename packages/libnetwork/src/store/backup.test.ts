// A copy of a store that is in use, and the way back to it.

import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { failsWith } from "../test-support.ts";
import { backUp, restoreBackup } from "./backup.ts";
import { keepAside } from "./database.ts";
import { migrate, migrations } from "./migrations.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./test-support.ts";

function put(store: SqliteStore, id: number): number {
  const value = { id, filler: "x".repeat(2_000) };
  return store.commit([
    { op: "put", kind: "left", id: String(id), value },
    { op: "put", kind: "right", id: String(id), value },
  ]);
}

/** How many pairs are there; both halves of each. */
function pairsIn(stateDir: string): number {
  const store = SqliteStore.open(stateDir);
  const [left, right] = ["left", "right"].map((kind) => store.list(kind).map(({ id }) => id));
  store.close();
  assert.deepEqual(left, right);
  return left?.length ?? 0;
}

test("a backup that is made while commits go on is one moment's state", async (t) => {
  const directory = temporaryDirectory(t);
  const stateDir = join(directory, "state");
  const store = SqliteStore.open(stateDir);
  t.after(() => store.close());
  for (let id = 0; id < 200; id++) put(store, id);
  const path = join(directory, "backup");
  let done = false;
  const making = backUp(stateDir, path, false).finally(() => {
    done = true;
  });
  let id = 200;
  for (; !done; id++) {
    put(store, id);
    await new Promise(setImmediate);
  }
  const { revision } = await making;
  assert.ok(revision >= 200 && revision <= id, `revision ${revision} of ${id}`);
  assert.equal((statSync(path).mode & 0o777).toString(8), "600");
  assert.deepEqual(readdirSync(directory).sort(), ["backup", "state"], "one file, and no draft");

  const other = join(directory, "other");
  assert.deepEqual(await restoreBackup(other, path), { revision, previous: undefined });
  assert.equal(pairsIn(other), revision);
});

test("a backup replaces nothing unless it is told to, and never the store", async (t) => {
  const directory = temporaryDirectory(t);
  const stateDir = join(directory, "state");
  const store = SqliteStore.open(stateDir);
  t.after(() => store.close());
  put(store, 1);
  const path = join(directory, "backup");
  writeFileSync(path, "precious");
  await assert.rejects(backUp(stateDir, path, false), failsWith("conflict", "backup_exists", /overwrite/));
  assert.equal(readFileSync(path, "utf8"), "precious");
  await backUp(stateDir, path, true);
  assert.match(readFileSync(path, "latin1"), /^SQLite format 3/);
  const others = ["lock", "reserve", "revision", "db.restore"].map((name) => `causeway.${name}`);
  for (const own of ["causeway.db", "causeway.db-wal", ...others]) {
    const refused = failsWith("invalid", "invalid_path", /own file/);
    await assert.rejects(backUp(stateDir, join(stateDir, own), true), refused);
  }
  const nowhere = join(directory, "none", "backup");
  await assert.rejects(backUp(stateDir, nowhere, false), failsWith("unavailable", "store_write_failed"));
});

test("a restore leaves alone what a link in the mark's place leads to", async (t) => {
  const directory = temporaryDirectory(t);
  const stateDir = join(directory, "state");
  SqliteStore.open(stateDir).close();
  const from = join(directory, "backup");
  await backUp(stateDir, from, false);
  const precious = join(directory, "precious");
  writeFileSync(precious, "precious");
  const mark = join(stateDir, "causeway.revision");
  rmSync(mark);
  symlinkSync(precious, mark);
  await restoreBackup(stateDir, from);
  assert.equal(readFileSync(precious, "utf8"), "precious");
});

test("a restore keeps what was there, and is refused while the directory is in use", async (t) => {
  const directory = temporaryDirectory(t);
  const stateDir = join(directory, "state");
  const store = SqliteStore.open(stateDir);
  put(store, 1);
  const from = join(directory, "backup");
  await backUp(stateDir, from, false);
  put(store, 2);
  await assert.rejects(restoreBackup(stateDir, from), failsWith("conflict", "state_dir_locked"));
  store.close();

  const { previous } = await restoreBackup(stateDir, from);
  assert.ok(previous !== undefined);
  assert.equal(pairsIn(stateDir), 1);
  // What was kept is a store, too.
  await restoreBackup(stateDir, previous);
  assert.equal(pairsIn(stateDir), 2);
});

test("a log that a kill left goes with the old store, and not into the new one", async (t) => {
  const directory = temporaryDirectory(t);
  const live = join(directory, "live");
  const stateDir = join(directory, "state");
  const store = SqliteStore.open(live);
  put(store, 1);
  const from = join(directory, "backup");
  await backUp(live, from, false);
  for (let id = 2; id < 50; id++) put(store, id);
  mkdirSync(stateDir);
  for (const name of readdirSync(live)) cpSync(join(live, name), join(stateDir, name));
  store.close();

  for (const isDamaged of [false, true]) {
    const path = join(stateDir, "causeway.db");
    if (isDamaged) {
      truncateSync(path, 5_000);
      writeFileSync(`${path}-wal`, "no log at all");
    }
    const { previous } = await restoreBackup(stateDir, from);
    assert.equal(pairsIn(stateDir), 1);
    assert.ok(previous !== undefined && existsSync(previous));
    if (isDamaged) assert.equal(statSync(previous).size, 5_000);
    else {
      const kept = join(directory, "kept");
      await restoreBackup(kept, previous);
      assert.equal(pairsIn(kept), 49);
    }
  }
});

test("what is no backup is refused, and the store stays", async (t) => {
  const directory = temporaryDirectory(t);
  const stateDir = join(directory, "state");
  const store = SqliteStore.open(stateDir);
  put(store, 1);
  const good = join(directory, "good");
  await backUp(stateDir, good, false);
  store.close();
  const from = join(directory, "backup");
  const wrong: Readonly<Record<string, () => void>> = {
    nothing: () => rmSync(from, { force: true }),
    "an empty file": () => writeFileSync(from, ""),
    text: () => writeFileSync(from, "hello ".repeat(1_000)),
    "half of one": () => {
      cpSync(good, from);
      truncateSync(from, 5_000);
    },
    "another program's": () => {
      rmSync(from);
      using db = new DatabaseSync(from);
      db.exec("CREATE TABLE theirs (x)");
    },
    "a newer release's": () => {
      cpSync(good, from);
      using db = new DatabaseSync(from);
      db.exec("PRAGMA user_version = 999");
    },
    "a directory": () => {
      rmSync(from);
      mkdirSync(from);
    },
  };
  for (const [what, make] of Object.entries(wrong)) {
    make();
    await assert.rejects(restoreBackup(stateDir, from), failsWith("invalid", "backup_unreadable"), what);
    assert.equal(pairsIn(stateDir), 1, what);
    assert.ok(!readdirSync(stateDir).some((name) => /restore/.test(name)), what);
  }
});

test("a restore that is killed at any step leaves a store that opens", async (t) => {
  const directory = temporaryDirectory(t);
  const stateDir = join(directory, "state");
  const path = join(stateDir, "causeway.db");
  const store = SqliteStore.open(stateDir);
  put(store, 1);
  const from = join(directory, "backup");
  await backUp(stateDir, from, false);
  put(store, 2);
  store.close();
  // The draft is there; the old one has its second name; nothing is known of revisions.
  cpSync(from, `${path}.restore`);
  assert.equal(pairsIn(stateDir), 2);
  linkSync(path, `${path}.before-restore-x`);
  assert.equal(pairsIn(stateDir), 2);
  truncateSync(join(stateDir, "causeway.revision"));
  assert.equal(pairsIn(stateDir), 2);
  await restoreBackup(stateDir, from);
  assert.equal(pairsIn(stateDir), 1);
});

test("before the schema changes a copy is put aside, and a failing step leaves the old one whole", (t) => {
  const directory = temporaryDirectory(t);
  const store = SqliteStore.open(directory);
  put(store, 1);
  store.close();
  const path = join(directory, "causeway.db");
  using db = new DatabaseSync(path);
  const aside: string[] = [];
  const keep = (version: number) => {
    const copy = `${path}.v${version}`;
    aside.push(copy);
    keepAside(db, copy);
  };
  const addNote = "ALTER TABLE records ADD COLUMN note TEXT";
  const before = db.prepare("SELECT * FROM records").all();
  assert.throws(() => migrate(db, path, [...migrations, addNote, "no SQL"], keep), /syntax/);
  assert.deepEqual(db.prepare("SELECT * FROM records").all(), before);
  migrate(db, path, [...migrations, addNote], keep);
  const copy = `${path}.v${migrations.length}`;
  assert.deepEqual(aside, [copy, copy]);
  using old = new DatabaseSync(copy, { readOnly: true });
  assert.deepEqual(old.prepare("SELECT * FROM records").all(), before);
  assert.equal((statSync(copy).mode & 0o777).toString(8), "600");
});
