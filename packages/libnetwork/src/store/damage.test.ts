// What a damaged store says, byte by byte the same afterwards; and what a kill leaves of one that is being made.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { failsWith } from "../test-support.ts";
import { migrations } from "./migrations.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { storeProcess, temporaryDirectory } from "./test-support.ts";

const db = "causeway.db";
const log = "causeway.db-wal";
const mark = "causeway.revision";

/** A state directory as a kill leaves it: ten commits in the log, and thirty in the database. */
function killedStore(t: TestContext): string {
  const stateDir = temporaryDirectory(t);
  const live = join(stateDir, "live");
  const put = (store: SqliteStore, id: number) =>
    store.commit([{ op: "put", kind: "network", id: String(id), value: "x".repeat(3_000) }]);
  const before = SqliteStore.open(live);
  for (let id = 0; id < 30; id++) put(before, id);
  before.close();
  const store = SqliteStore.open(live);
  for (let id = 30; id < 40; id++) put(store, id);
  const copy = join(stateDir, "state");
  mkdirSync(copy);
  for (const name of [db, log, mark]) cpSync(join(live, name), join(copy, name));
  store.close();
  return copy;
}

/** Of everything that holds something; SQLite makes its -shm file anew when it looks, and an empty log. */
function hashes(stateDir: string): readonly string[] {
  return readdirSync(stateDir)
    .filter((name) => !/-shm$|\.lock$|\.reserve$/.test(name) && lstatSync(join(stateDir, name)).size > 0)
    .sort()
    .map((name) => `${name} ${contentOf(join(stateDir, name))}`);
}

function contentOf(path: string): string {
  const { mode } = lstatSync(path);
  // A FIFO would hold us up.
  return lstatSync(path).isFile()
    ? createHash("sha256").update(readFileSync(path)).digest("hex")
    : String(mode);
}

function garble(path: string, from: number, bytes: number): void {
  const content = readFileSync(path);
  content.fill(0xa5, from, from + bytes);
  writeFileSync(path, content);
}

/** The database, with its log moved into it: what stands in the log as well would heal. */
function withoutLog(stateDir: string): string {
  const path = join(stateDir, db);
  const open = new DatabaseSync(path);
  open.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  open.close();
  return path;
}

const pageSize = 4096;

interface Damage {
  readonly what: string;
  readonly code?: string;
  readonly message: RegExp;
  readonly harm: (stateDir: string) => void;
}

const damages: readonly Damage[] = [
  {
    what: "a database that is cut off",
    message: /restoreBackup/,
    harm: (dir) => truncateSync(join(dir, db), 5 * pageSize + 17),
  },
  {
    what: "a database of other bytes",
    message: /damaged/,
    harm: (dir) => writeFileSync(join(dir, db), "hello ".repeat(2_000)),
  },
  { what: "a header that is garbled", message: /damaged/, harm: (dir) => garble(withoutLog(dir), 0, 100) },
  {
    what: "a page that is garbled",
    message: /damaged/,
    harm: (dir) => garble(withoutLog(dir), pageSize, pageSize),
  },
  {
    what: "an empty file beside a log",
    message: /it is empty, while its write-ahead log/,
    harm: (dir) => truncateSync(join(dir, db)),
  },
  {
    what: "a log without a database",
    message: /it is empty, while its write-ahead log/,
    harm: (dir) => rmSync(join(dir, db)),
  },
  {
    what: "a log that is missing",
    message: /ends with change 30, and change 40 was answered.*remove .*causeway\.revision/,
    harm: (dir) => rmSync(join(dir, log)),
  },
  {
    what: "a log that lacks the last commit",
    message: /ends with change 39, and change 40/,
    harm: (dir) => truncateSync(join(dir, log), lstatSync(join(dir, log)).size - 1),
  },
  {
    what: "a log that is cut off",
    message: /ends with change 3\d, and change 40/,
    harm: (dir) => truncateSync(join(dir, log), 9 * pageSize),
  },
  {
    what: "a log garbled in the middle",
    message: /ends with change 3\d, and change 40/,
    harm: (dir) => garble(join(dir, log), 9 * pageSize, 8),
  },
  {
    what: "a database and a log that are gone",
    message: /missing or empty, and change 40 was answered/,
    harm: (dir) => {
      rmSync(join(dir, db));
      rmSync(join(dir, log));
    },
  },
  {
    what: "a database of somebody else's",
    message: /not one of Causeway: its tables are theirs/,
    harm: (dir) => {
      for (const name of [db, log, mark]) rmSync(join(dir, name));
      using other = new DatabaseSync(join(dir, db));
      other.exec("CREATE TABLE theirs (x)");
    },
  },
  {
    what: "a directory in its place",
    code: "store_unusable",
    message: /is a directory where the database should be/,
    harm: (dir) => {
      rmSync(join(dir, db));
      mkdirSync(join(dir, db));
    },
  },
  {
    what: "a FIFO in its place",
    code: "store_unusable",
    message: /is a FIFO where/,
    harm: (dir) => {
      rmSync(join(dir, db));
      execFileSync("mkfifo", [join(dir, db)]);
    },
  },
  {
    what: "a symbolic link to what is not there",
    code: "store_unusable",
    message: /is everything mounted/,
    harm: (dir) => {
      rmSync(join(dir, db));
      symlinkSync("/nowhere/causeway.db", join(dir, db));
    },
  },
  {
    what: "a symbolic link to itself",
    code: "store_open_failed",
    message: /ELOOP/,
    harm: (dir) => {
      rmSync(join(dir, db));
      symlinkSync(db, join(dir, db));
    },
  },
];

for (const { what, code = "store_corrupt", message, harm } of damages) {
  test(`${what} is refused with the mend, and no byte of it changes`, (t) => {
    const stateDir = killedStore(t);
    harm(stateDir);
    const before = hashes(stateDir);
    const refused = failsWith(code === "store_unusable" ? "conflict" : "unavailable", code, message);
    assert.throws(() => SqliteStore.open(stateDir), refused);
    // The first one let go of everything.
    assert.throws(() => SqliteStore.open(stateDir), refused);
    assert.deepEqual(hashes(stateDir), before);
  });
}

test("what a kill leaves is whole, and nothing is said about it", (t) => {
  const stateDir = killedStore(t);
  const store = SqliteStore.open(stateDir);
  assert.equal(store.list("network").length, 40);
  store.close();
  assert.ok(!existsSync(join(stateDir, log)), "the log has gone into the database");
});

test("the revision's file can be removed to go on with less, as the message says", (t) => {
  const stateDir = killedStore(t);
  rmSync(join(stateDir, log));
  rmSync(join(stateDir, mark));
  const store = SqliteStore.open(stateDir);
  t.after(() => store.close());
  assert.equal(store.list("network").length, 30);
});

test("a page that is garbled later is told by the call that reads it", (t) => {
  const stateDir = temporaryDirectory(t);
  const writer = SqliteStore.open(stateDir);
  for (let id = 0; id < 400; id++)
    writer.commit([{ op: "put", kind: "network", id: String(id), value: "x".repeat(1_000) }]);
  writer.close();
  const store = SqliteStore.open(stateDir);
  t.after(() => store.close());
  const path = join(stateDir, db);
  // In place: the file that is open is the one that is harmed.
  garble(path, 2 * pageSize, readFileSync(path).length - 2 * pageSize);
  assert.throws(() => store.list("network"), failsWith("unavailable", "store_corrupt", /restoreBackup/));
  assert.throws(
    () => store.commit([{ op: "put", kind: "network", id: "200", value: 1 }]),
    failsWith("unavailable", "store_corrupt"),
  );
});

test("a database that may not be read is a clear error", async (t) => {
  const stateDir = killedStore(t);
  chmodSync(stateDir, 0o755);
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const { value } = await storeProcess(t, stateDir, "", nobody).lines.next();
  assert.match(String(value), /^store_open_failed .*(EACCES|EPERM).*permissions/);
});

test("what a kill leaves of a store that is being made opens", async (t) => {
  const sql = migrations[0] ?? "";
  const nothing = () => undefined;
  const prefixes: Readonly<Record<string, (stateDir: string) => void>> = {
    "no directory": nothing,
    "the directory": (dir) => mkdirSync(dir),
    "an empty lock": (dir) => {
      mkdirSync(dir);
      writeFileSync(join(dir, "causeway.lock"), "");
    },
    "the lock of a longer pid": (dir) => {
      mkdirSync(dir);
      writeFileSync(join(dir, "causeway.lock"), "4194304999\n");
    },
    "half a reserve": (dir) => {
      mkdirSync(dir);
      writeFileSync(join(dir, "causeway.reserve"), "x".repeat(1_000));
    },
    "an empty revision": (dir) => {
      mkdirSync(dir);
      writeFileSync(join(dir, mark), "");
    },
    "half a revision": (dir) => {
      mkdirSync(dir);
      writeFileSync(join(dir, mark), "000000000000");
    },
    "FIFOs, by somebody's hand": (dir) => {
      mkdirSync(dir);
      execFileSync("mkfifo", [join(dir, mark), join(dir, "causeway.reserve")]);
    },
    "an empty database": (dir) => {
      mkdirSync(dir);
      writeFileSync(join(dir, db), "");
    },
    "the first transaction, half done": (dir) => {
      mkdirSync(dir);
      const spare = `${dir}.spare`;
      const made = new DatabaseSync(spare);
      // So little memory that pages go to the file before the commit.
      made.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE");
      made.exec(`${sql} INSERT INTO records VALUES ('a', 'b', hex(zeroblob(200000)), 1)`);
      cpSync(spare, join(dir, db));
      cpSync(`${spare}-journal`, join(dir, `${db}-journal`));
      made.close();
      assert.ok(readFileSync(join(dir, db)).length > 0, "pages are in the file");
    },
    "the schema, and not yet the log": (dir) => {
      mkdirSync(dir);
      using made = new DatabaseSync(join(dir, db));
      made.exec(`${sql} PRAGMA user_version = 1`);
    },
    "an empty log": (dir) => {
      SqliteStore.open(dir).close();
      writeFileSync(join(dir, log), "");
    },
  };
  for (const [what, make] of Object.entries(prefixes)) {
    await t.test(what, (t) => {
      const stateDir = join(temporaryDirectory(t), "state");
      make(stateDir);
      const store = SqliteStore.open(stateDir);
      assert.deepEqual(store.list("a"), []);
      store.commit([{ op: "put", kind: "network", id: "a", value: 1 }]);
      store.close();
      const again = SqliteStore.open(stateDir);
      assert.equal(again.list("network").length, 1);
      again.close();
      assert.equal(readFileSync(join(stateDir, "causeway.lock"), "utf8"), `${process.pid}\n`);
    });
  }
});
