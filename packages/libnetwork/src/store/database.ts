/**
 * The database file of a state directory, opened so that a commit is durable: write-ahead log, synchronous=FULL.
 */
import { closeSync, constants, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { storeCorrupt } from "./failures.ts";
import { migrate } from "./migrations.ts";

/** Milliseconds that a call waits, and holds the event loop, for the write lock of an operator's own SQLite shell. */
const busyTimeout = 250;

/**
 * Opens the database, made (0600) where there is none, checked for damage and brought to the newest schema.
 *
 * Throws `store_corrupt`, `store_too_new`, and what SQLite throws.
 */
export function openDatabase(path: string): DatabaseSync {
  // SQLite would make the file with the umask's mode; its -wal and -shm files take the mode of this one.
  closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600));
  const db = new DatabaseSync(path, { timeout: busyTimeout });
  try {
    // Half a millisecond for 1,000 records, and damage is told now instead of in the middle of some operation.
    refuseDamage(db, path);
    migrate(db, path);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
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
  const complaint = db.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (complaint !== "ok") throw storeCorrupt(path, complaint);
}
