import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { failsWith } from "../test-support.ts";
import { openDatabase } from "./database.ts";
import { migrate, migrations } from "./migrations.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { storeProcess, temporaryDirectory } from "./test-support.ts";

/** Runs SQL on the database of a closed store. */
function tamper(stateDir: string, sql: string): void {
  const db = new DatabaseSync(join(stateDir, "causeway.db"));
  db.exec(sql);
  db.close();
}

function putOne(stateDir: string, value: string): void {
  const store = SqliteStore.open(stateDir);
  store.commit([{ op: "put", kind: "network", id: "a", value }]);
  store.close();
}

test("records and the revision are there again after a close", (t) => {
  const stateDir = temporaryDirectory(t);
  const first = SqliteStore.open(stateDir);
  first.commit([{ op: "put", kind: "network", id: "a", value: { name: "blue" } }]);
  const revision = first.commit([{ op: "delete", kind: "network", id: "none" }]);
  const records = first.list("network");
  first.close();

  const second = SqliteStore.open(stateDir);
  t.after(() => second.close());
  assert.deepEqual(second.list("network"), records);
  assert.equal(second.commit([{ op: "put", kind: "network", id: "b", value: 1 }]), revision + 1);
});

test("a commit is durable: write-ahead log, synced at every commit", (t) => {
  const db = openDatabase(join(temporaryDirectory(t), "causeway.db"));
  t.after(() => db.close());
  assert.equal(db.prepare("PRAGMA journal_mode").get()?.journal_mode, "wal");
  assert.equal(db.prepare("PRAGMA synchronous").get()?.synchronous, 2 /* FULL */);
});

test("directory and files are for their owner alone, whatever the umask", (t) => {
  const stateDir = join(temporaryDirectory(t), "lib", "causeway");
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const store = SqliteStore.open(stateDir);
  t.after(() => store.close());
  store.commit([{ op: "put", kind: "network", id: "a", value: 1 }]);
  const mode = (name: string) => (statSync(join(stateDir, name)).mode & 0o777).toString(8);
  assert.equal(mode("."), "700");
  for (const name of ["causeway.db", "causeway.db-wal", "causeway.db-shm", "causeway.lock"]) {
    assert.equal(mode(name), "600", name);
  }
});

test("an older schema is brought up to date in one transaction, records kept", (t) => {
  const stateDir = temporaryDirectory(t);
  putOne(stateDir, "kept");
  const path = join(stateDir, "causeway.db");
  const db = new DatabaseSync(path);
  t.after(() => db.close());
  const version = () => db.prepare("PRAGMA user_version").get()?.user_version;
  const addNote = "ALTER TABLE records ADD COLUMN note TEXT; UPDATE records SET note = 'migrated'";
  assert.equal(version(), migrations.length);

  assert.throws(
    () => migrate(db, path, [...migrations, addNote, "ALTER TABLE nowhere ADD COLUMN x"]),
    /nowhere/,
  );
  assert.equal(version(), migrations.length);
  assert.deepEqual({ ...db.prepare("SELECT * FROM records").get() }, { ...kept() });

  migrate(db, path, [...migrations, addNote]);
  assert.equal(version(), migrations.length + 1);
  assert.deepEqual({ ...db.prepare("SELECT * FROM records").get() }, { ...kept(), note: "migrated" });

  function kept() {
    return { kind: "network", id: "a", value: '"kept"', revision: 1 };
  }
});

test("a database of a newer release is refused, untouched", (t) => {
  const stateDir = temporaryDirectory(t);
  putOne(stateDir, "x");
  tamper(stateDir, `PRAGMA user_version = ${migrations.length + 1}`);
  const path = join(stateDir, "causeway.db");
  const before = readFileSync(path);
  const tooNew = failsWith("unavailable", "store_too_new", new RegExp(`${path} has schema version 2.*newer`));
  assert.throws(() => SqliteStore.open(stateDir), tooNew);
  // The failed open let the lock go: the second one fails for the same reason.
  assert.throws(() => SqliteStore.open(stateDir), tooNew);
  assert.deepEqual(readFileSync(path), before);
});

test("a damaged file is refused with the mend, and the mend works", (t) => {
  const stateDir = temporaryDirectory(t);
  const path = join(stateDir, "causeway.db");
  const corrupt = failsWith("unavailable", "store_corrupt", new RegExp(`${path} is damaged .*move it away`));

  writeFileSync(path, "these are not the bytes of a database\n".repeat(200));
  assert.throws(() => SqliteStore.open(stateDir), corrupt);
  renameSync(path, `${path}.damaged`);
  rmSync(join(stateDir, "causeway.revision"), { force: true });

  // A page in the middle is overwritten: found when opening, not when its record is read.
  putOne(stateDir, "x".repeat(100_000));
  const bytes = readFileSync(path);
  bytes.fill(0xff, bytes.length >> 1);
  writeFileSync(path, bytes);
  assert.throws(() => SqliteStore.open(stateDir), corrupt);
  rmSync(path);
  rmSync(join(stateDir, "causeway.revision"));

  putOne(stateDir, "x");
  tamper(stateDir, "UPDATE records SET value = '{half'");
  const store = SqliteStore.open(stateDir);
  t.after(() => store.close());
  assert.throws(() => store.get("network", "a"), corrupt);
  assert.throws(() => store.list("network"), corrupt);
});

test("a state directory that cannot be made is a clear error", (t) => {
  const file = join(temporaryDirectory(t), "file");
  writeFileSync(file, "");
  const failed = failsWith("unavailable", "store_open_failed", /ENOTDIR/);
  assert.throws(() => SqliteStore.open(join(file, "state")), failed);
});

test("kill -9 amid commits loses no acknowledged one, and leaves none half done", async (t) => {
  const stateDir = temporaryDirectory(t);
  let acknowledged = 0;
  for (let round = 0; round < 3; round += 1) {
    const writer = storeProcess(
      t,
      stateDir,
      `for (let i = ${acknowledged}; ; i += 1) {
         const value = { i, filler: "x".repeat(500) };
         store.commit([{ op: "put", kind: "left", id: String(i), value }, { op: "put", kind: "right", id: String(i), value }]);
         say(String(i));
       }`,
    );
    const killAt = acknowledged + 50 + 17 * round;
    let last = -1;
    for (let line = await writer.lines.next(); !line.done; line = await writer.lines.next()) {
      last = Number(line.value);
      if (last === killAt) void writer.kill();
    }
    await writer.kill(); // its output ends a moment before its lock does

    const store = SqliteStore.open(stateDir);
    const left = new Set(store.list("left").map(({ id }) => Number(id)));
    const right = new Set(store.list("right").map(({ id }) => Number(id)));
    store.close();
    assert.ok(last >= killAt, "the writer wrote on until it was killed");
    assert.deepEqual(left, right);
    for (let i = 0; i <= last; i += 1) assert.ok(left.has(i), `acknowledged write ${i} of ${last} is there`);
    // One commit may have been done and not yet told.
    assert.ok(left.size <= last + 2, `${left.size} records after ${last + 1} acknowledged writes`);
    acknowledged = left.size;
  }
});

test("a full disk fails the commit whole, and the store goes on when there is space again", async (t) => {
  const stateDir = temporaryDirectory(t);
  // A tmpfs of 1 MB in a mount namespace that goes with the process.
  const small = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o size=1m none "$0" && exec "$@"',
    stateDir,
  ];
  const filler = join(stateDir, "filler");
  const child = storeProcess(
    t,
    stateDir,
    `import { rmSync, writeFileSync } from "node:fs";
     const put = (id) => store.commit([
       { op: "put", kind: "small", id, value: id },
       { op: "put", kind: "big", id, value: "x".repeat(20_000) },
     ]);
     writeFileSync(${JSON.stringify(filler)}, new Uint8Array(500_000));
     let revision = 0;
     let failure;
     for (let i = 10; i < 100 && !failure; i += 1) {
       try { revision = put(String(i)); } catch (error) { failure = error; }
     }
     const { kind, code, message, cause } = failure;
     const held = store.list("small").length;
     const bigs = store.list("big").length;
     const unchanged = store.commit([]) === revision;
     rmSync(${JSON.stringify(filler)});
     const after = put("again") - revision;
     const again = store.get("small", "again").value;
     say(JSON.stringify({ kind, code, message, full: cause.errstr, held, bigs, revision, unchanged, after, again }));`,
    small,
  );
  const { value } = await child.lines.next();
  const told = JSON.parse(value ?? "null");
  assert.equal(told.kind, "unavailable");
  assert.equal(told.code, "store_full");
  assert.match(
    told.message,
    new RegExp(`${stateDir}/causeway.db: the disk is full .*make space in ${stateDir}`),
  );
  assert.match(told.full, /full|I\/O/);
  assert.ok(told.held > 0 && told.held === told.bigs && told.held === told.revision);
  assert.equal(told.unchanged, true);
  assert.equal(told.after, 1);
  assert.equal(told.again, "again");
});
