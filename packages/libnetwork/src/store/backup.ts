/**
 * A copy of the store while it is in use, and the way back.
 */

import { basename, dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { files } from "@causeway/kernel";
import { CausewayError, conflict, invalid, messageOf } from "../errors.ts";
import { type DatabaseState, inspectDatabase } from "./database-file.ts";
import { makeDurableDirectory, sync } from "./durable-files.ts";
import { storeCorrupt, storeFailure } from "./failures.ts";
import { clearMark } from "./revision-mark.ts";
import { databaseOf } from "./sqlite-store.ts";
import { StateLock } from "./state-lock.ts";

/** More pages than a database can have: it is copied in one step, which is one moment's state. */
const everyPage = 2 ** 31 - 1;

export interface BackupResult {
  readonly path: string;
  /** The store's revision that it holds. */
  readonly revision: number;
}

export interface RestoreResult {
  /** The revision that the store is at now. */
  readonly revision: number;
  /** Where the database that was there before is now; undefined where there was none. */
  readonly previous: string | undefined;
}

/**
 * Copies the database in `stateDir` to `path` (0600), as it is at one moment, while commits go on. The file appears under its name
 * when it is whole and durable; one that is there already is replaced only with `overwrite`.
 *
 * @throws backup_exists, invalid_path, store_full, store_write_failed ...
 */
export async function backUp(stateDir: string, path: string, overwrite: boolean): Promise<BackupResult> {
  refuseOwnFile(stateDir, path);
  if (!overwrite) refuseExisting(path);
  const draft = `${path}.${process.pid}.part`;
  try {
    const state = await copyDatabase(databaseOf(stateDir), draft);
    if (overwrite) files.renameSync(draft, path);
    else place(draft, path);
    sync(dirname(path));
    return { path, revision: state.revision };
  } catch (error) {
    throw storeFailure("write", path, error);
  } finally {
    files.rmSync(draft, { force: true });
  }
}

/**
 * Puts a backup in the place of the store in `stateDir`, which no controller may have open. What was there is kept beside it. A kill
 * or a power cut leaves either the one or the other.
 *
 * @throws backup_unreadable, state_dir_locked, store_full, store_write_failed ...
 */
export async function restoreBackup(stateDir: string, from: string): Promise<RestoreResult> {
  const path = databaseOf(stateDir);
  const draft = `${path}.restore`;
  let state: StoreState;
  try {
    makeDurableDirectory(stateDir);
    using _lock = StateLock.acquire(stateDir);
    try {
      refuseOwnFile(stateDir, from);
      files.rmSync(draft, { force: true });
      state = await checkedCopy(from, draft);
      const previous = keepPrevious(path);
      clearMark(path);
      files.renameSync(draft, path);
      sync(stateDir);
      return { revision: state.revision, previous };
    } finally {
      files.rmSync(draft, { force: true });
    }
  } catch (error) {
    throw storeFailure("write", path, error);
  }
}

type StoreState = DatabaseState & { readonly is: "store" };

/** The copy is one file, without a log; it is whole, sound and durable when this answers. */
async function copyDatabase(from: string, to: string): Promise<StoreState> {
  files.rmSync(to, { force: true });
  files.closeSync(files.openSync(to, "wx", 0o600));
  using source = new DatabaseSync(from, { readOnly: true });
  await backup(source, to, { rate: everyPage });
  using copy = new DatabaseSync(to);
  copy.exec("PRAGMA journal_mode = DELETE");
  copy.close();
  const state = inspectDatabase(to);
  if (state.is === "empty") throw storeCorrupt(from, "it holds nothing");
  sync(to);
  return state;
}

async function checkedCopy(from: string, to: string): Promise<StoreState> {
  try {
    if (!files.existsSync(from)) throw new Error("there is no such file");
    inspectDatabase(from);
    return await copyDatabase(from, to);
  } catch (error) {
    const why = messageOf(error);
    const message = `options.from: ${from} cannot be restored (${why}): give a file that controller.backup has made`;
    throw new CausewayError("invalid", "backup_unreadable", message, { cause: error, detail: from });
  }
}

/**
 * Keeps the database under another name, with its log where it is too damaged for the log to be moved into it. The log goes first:
 * beside another database it would be taken for its own. The database itself stays under its own name too, until it is replaced.
 */
function keepPrevious(path: string): string | undefined {
  const there = files.lstatSync(path, { throwIfNoEntry: false });
  const kept = freeName(`${path}.before-restore-${new Date().toISOString().replace(/[-:]|\.\d+/g, "")}`);
  if (there !== undefined) moveLogIn(path);
  for (const suffix of ["-wal", "-journal", "-shm"]) {
    if (files.existsSync(path + suffix)) files.renameSync(path + suffix, kept + suffix);
  }
  if (there?.isDirectory()) files.renameSync(path, kept);
  else if (there !== undefined) files.linkSync(path, kept);
  sync(dirname(path));
  return there === undefined ? undefined : kept;
}

/** Closing does it. A database that cannot be read is kept as it is. */
function moveLogIn(path: string): void {
  try {
    if (inspectDatabase(path).is === "empty") return;
    using db = new DatabaseSync(path);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // Its files are kept side by side.
  }
}

function freeName(path: string): string {
  let name = path;
  for (let count = 1; files.existsSync(name); count++) name = `${path}-${count}`;
  return name;
}

function place(draft: string, path: string): void {
  try {
    files.linkSync(draft, path);
  } catch (error) {
    refuseExisting(path);
    throw error;
  }
}

function refuseExisting(path: string): void {
  if (files.lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw conflict("backup_exists", `${path} is there already: choose another name, or say overwrite`, path);
}

/** The store's own files are no place for a backup. */
function refuseOwnFile(stateDir: string, path: string): void {
  const folder = files.existsSync(dirname(path)) ? files.realpathSync(dirname(path)) : dirname(path);
  const database = databaseOf(files.realpathSync(stateDir));
  const own = new Set([
    ...["", "-wal", "-shm", "-journal", ".restore"].map((suffix) => database + suffix),
    // The lock above all: with another file in its place, a second controller would get it.
    ...["lock", "reserve", "revision"].map((name) => join(dirname(database), `causeway.${name}`)),
  ]);
  if (!own.has(join(folder, basename(path)))) return;
  throw invalid("invalid_path", `${path} is the store's own file: name another`, path);
}
