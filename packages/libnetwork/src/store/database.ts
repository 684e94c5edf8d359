/**
 * The database file of a state directory, opened so that a commit is durable: write-ahead log, synchronous=FULL.
 */

import { DatabaseSync } from "node:sqlite";
import { files, O_CREAT, O_RDWR } from "@causeway/kernel";
import { inspectDatabase } from "./database-file.ts";
import { sync } from "./durable-files.ts";
import { storeCorrupt } from "./failures.ts";
import { migrate } from "./migrations.ts";
import { logPages } from "./reserve.ts";
import { refuseLost } from "./revision-mark.ts";
import { exec, get, run } from "./sqlite.ts";

/** Milliseconds that a call waits, and holds the event loop, for the write lock of an operator's own SQLite shell. */
const busyTimeout = 250;

/**
 * Opens the database, made (0600) where there is none, checked for damage and brought to the newest schema. A file that is
 * refused keeps every byte, and so does its log. Before the schema changes, a copy is put aside: `causeway.db.v1`.
 *
 * Throws `store_unusable`, `store_corrupt`, `store_too_new`, and what SQLite and the file system throw.
 */
export function openDatabase(path: string): DatabaseSync {
  const found = inspectDatabase(path);
  refuseLost(path, found.is === "store" ? found.revision : 0);
  // SQLite would make the file with the umask's mode; its -wal and -shm files take the mode of this one.
  files.closeSync(files.openSync(path, O_RDWR | O_CREAT, 0o600));
  const db = new DatabaseSync(path, { timeout: busyTimeout });
  try {
    migrate(db, path, undefined, (version) => keepAside(db, `${path}.v${version}`));
    exec(db, `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${logPages}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A durable copy of the database as it is, in place of an older one: a run may have been killed after making it. */
export function keepAside(db: DatabaseSync, copy: string): void {
  files.rmSync(copy, { force: true });
  files.closeSync(files.openSync(copy, "wx", 0o600));
  run(db.prepare("VACUUM INTO ?"), copy);
  sync(copy);
}

/**
 * Looks for damage in a file that is in use: by a connection of its own, for one that stands remembers pages as they were.
 *
 * Throws `store_corrupt`, and what SQLite throws.
 */
export function checkDatabase(path: string): void {
  using db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeout });
  refuseDamage(db, path);
}

function refuseDamage(db: DatabaseSync, path: string): void {
  const complaint = get(db.prepare("PRAGMA quick_check(1)"))?.quick_check;
  if (complaint !== "ok") throw storeCorrupt(path, complaint);
}
