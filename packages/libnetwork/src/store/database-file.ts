/**
 * What stands under a database's name, looked at before SQLite may write there: SQLite takes an empty file for a new database and
 * deletes the write-ahead log beside it, and when it closes it moves the log into a file that it has found damaged.
 */

import type { Stats } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { files } from "@causeway/kernel";
import { conflict } from "../errors.ts";
import { storeCorrupt } from "./failures.ts";
import { migrations, refuseNewer, schemaVersion } from "./migrations.ts";
import { get } from "./sqlite.ts";

const SQLITE_READONLY_ROLLBACK = 776;

/** What there is of a database. `empty`: none yet, or its making was cut short. */
export type DatabaseState =
  | { readonly is: "empty" }
  | { readonly is: "store"; readonly revision: number; readonly version: number };

/**
 * Reads a database from end to end, and changes no byte of it.
 *
 * Throws `store_unusable` for what is no file, `store_corrupt` for what is no sound database of ours, `store_too_new`, and what
 * SQLite and the file system throw.
 */
export function inspectDatabase(path: string): DatabaseState {
  const size = sizeOf(path);
  if (size === 0) {
    const log = sizeOf(`${path}-wal`);
    if (log > 0) throw storeCorrupt(path, `it is empty, while its write-ahead log holds ${log} bytes`);
    return { is: "empty" };
  }
  using db = new DatabaseSync(path, { readOnly: true });
  try {
    // Half a millisecond for 1,000 records, and damage is told now instead of in the middle of some operation.
    const complaint = get(db.prepare("PRAGMA quick_check(1)"))?.quick_check;
    if (complaint !== "ok") throw storeCorrupt(path, complaint);
  } catch (error) {
    // The transaction that makes the tables was cut short: SQLite takes it back when it may write.
    if (extendedCode(error) === SQLITE_READONLY_ROLLBACK) return { is: "empty" };
    throw error;
  }
  return stateOf(db, path);
}

function stateOf(db: DatabaseSync, path: string): DatabaseState {
  const version = schemaVersion(db);
  refuseNewer(version, path, migrations);
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ name }) => name);
  if (version === 0 && tables.length === 0) return { is: "empty" };
  if (version === 0 || !tables.includes("records") || !tables.includes("store"))
    throw storeCorrupt(
      path,
      `it is a database, but not one of Causeway: its tables are ${tables.join(", ")}`,
    );
  const revision = get(db.prepare("SELECT revision FROM store"))?.revision;
  if (typeof revision !== "number") throw storeCorrupt(path, "its table store is empty");
  return { is: "store", revision, version };
}

/** Bytes of a file; 0 where there is none. Throws `store_unusable` for anything else: SQLite would follow, hang or fail oddly. */
function sizeOf(path: string): number {
  const there = files.lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return 0;
  const target = there.isSymbolicLink() ? files.statSync(path, { throwIfNoEntry: false }) : there;
  if (target?.isFile()) return target.size;
  throw conflict(
    "store_unusable",
    `${path} is ${kindOf(target)} where the database should be: move it away, or choose another state directory`,
    { path },
  );
}

function kindOf(there: Stats | undefined): string {
  if (there === undefined) return "a symbolic link to what is not there (is everything mounted?)";
  if (there.isDirectory()) return "a directory";
  return there.isFIFO() ? "a FIFO" : "a device or a socket";
}

function extendedCode(error: unknown): unknown {
  return error instanceof Error && "errcode" in error ? error.errcode : undefined;
}
