/**
 * The store of one machine: SQLite through node:sqlite, write-ahead log with synchronous=FULL, so that a commit that has
 * answered survives a crash of the process and of the machine. Every method is synchronous.
 */
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { HealthItem } from "../contracts/health.ts";
import type { Store, StoreChange, StoredRecord, StoreEvent } from "../contracts/store.ts";
import { type Tallied, Tally } from "../contracts/tally.ts";
import { CausewayError } from "../errors.ts";
import { checkDatabase, openDatabase } from "./database.ts";
import { makeDurableDirectory, sync } from "./durable-files.ts";
import { isFull, storeClosed, storeFailure } from "./failures.ts";
import { checkRevision, decode, type EncodedChange, encode, type StoredText } from "./record.ts";
import { Reserve } from "./reserve.ts";
import { RevisionMark } from "./revision-mark.ts";
import { all, exec, get, run } from "./sqlite.ts";
import { StateLock } from "./state-lock.ts";
import { Watchers } from "./watch.ts";

const statements = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  revision: "SELECT revision FROM store",
  nextRevision: "UPDATE store SET revision = revision + 1 RETURNING revision",
  get: "SELECT value, revision FROM records WHERE kind = ? AND id = ?",
  list: "SELECT id, value, revision FROM records WHERE kind = ? ORDER BY id",
  put: `INSERT INTO records (kind, id, value, revision) VALUES (?, ?, ?, ?)
        ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value, revision = excluded.revision`,
  delete: "DELETE FROM records WHERE kind = ? AND id = ?",
  checkpoint: "PRAGMA wal_checkpoint(TRUNCATE)",
} as const;

/** Milliseconds after which what `commitSoon` has written is on the disk, if no `commit` has taken it there before. */
const soon = 10;

/** A commit that adds no more than this to the store's text counts as one that lets go: it may have the reserve. */
const slightGrowth = 64;

type Statements = Readonly<Record<keyof typeof statements, StatementSync>>;

export class SqliteStore implements Store {
  /** The database file. */
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #mark: RevisionMark;
  readonly #reserve: Reserve;
  /** The lock, and what else is let go of when the database is closed. */
  readonly #opened: DisposableStack;
  readonly #watchers = new Watchers();
  readonly #commits = new Tally();
  /** There is something in the log that may not be on the disk. */
  #unsynced: NodeJS.Timeout | undefined;

  private constructor(path: string, { db, mark }: OpenFiles, reserve: Reserve, opened: DisposableStack) {
    this.path = path;
    this.#db = db;
    this.#sql = prepareAll(db);
    this.#mark = mark;
    this.#reserve = reserve;
    mark.write(revisionOf(this.#sql.revision));
    this.#opened = opened.move();
  }

  /**
   * Opens `<stateDir>/causeway.db` and locks the directory until `close`; what is missing is made, for this user alone.
   *
   * Throws `state_dir_locked`, `store_unusable`, `store_too_new`, `store_corrupt`, `store_full`, or `store_open_failed` for the rest.
   */
  static open(stateDir: string): SqliteStore {
    const path = databaseOf(stateDir);
    try {
      makeDurableDirectory(stateDir);
      using opened = new DisposableStack();
      opened.use(StateLock.acquire(stateDir));
      const reserve = new Reserve(path);
      const files = opened.use(openFiles(path, reserve));
      return new SqliteStore(path, files, reserve, opened);
    } catch (error) {
      throw storeFailure("open", path, error);
    }
  }

  get(kind: string, id: string): StoredRecord | undefined {
    return this.#attempt("read", () => {
      const row = this.#row(kind, id);
      return row && decode(kind, id, row);
    });
  }

  list(kind: string): readonly StoredRecord[] {
    return this.#attempt("read", () =>
      all(this.#sql.list, kind).map((row) => decode(kind, String(row.id), row as unknown as StoredText)),
    );
  }

  /** Transactions that it was asked for, since it was opened. */
  get commits(): Tallied {
    return this.#commits.snapshot();
  }

  commit(changes: readonly StoreChange[]): number {
    return this.#commits.of(() => {
      const revision = this.#commit(changes);
      // It has taken along what was in the log before it.
      if (changes.length > 0) this.#synced(revision);
      return revision;
    });
  }

  /**
   * As `commit`, for what no power cut outlives anyway: it survives that this process is killed, at any time, and is on the disk a few milliseconds
   * later. A power cut in these may undo it, with all that was written since, and never what was written before.
   */
  commitSoon(changes: readonly StoreChange[]): number {
    return this.#commits.of(() => {
      const revision = this.#attempt("write", () => this.#withoutSync(() => this.#commit(changes)));
      // The mark says no more than what is on the disk.
      this.#unsynced ??= setTimeout(() => this.#sync(), soon).unref();
      return revision;
    });
  }

  #withoutSync<T>(action: () => T): T {
    exec(this.#db, "PRAGMA synchronous = NORMAL");
    try {
      return action();
    } finally {
      exec(this.#db, "PRAGMA synchronous = FULL");
    }
  }

  #sync(): void {
    const revision = revisionOf(this.#sql.revision);
    try {
      sync(`${this.path}-wal`);
    } catch {
      // The next commit syncs the same file, and says what is wrong with it.
      return;
    } finally {
      this.#unsynced = undefined;
    }
    this.#synced(revision);
  }

  #synced(revision: number): void {
    clearTimeout(this.#unsynced);
    this.#unsynced = undefined;
    this.#mark.write(revision);
  }

  #commit(changes: readonly StoreChange[]): number {
    return this.#attempt("write", () => {
      if (changes.length === 0) return revisionOf(this.#sql.revision);
      const encoded = changes.map(encode);
      const { revision, events } = this.#withSpace(encoded, () =>
        this.#transaction(() => this.#apply(encoded)),
      );
      this.#reserve.renew();
      this.#watchers.publish(events);
      return revision;
    });
  }

  watch(kind: string, signal?: AbortSignal): AsyncIterable<StoreEvent> {
    if (!this.#db.isOpen) throw storeClosed();
    return this.#watchers.add(kind, signal);
  }

  /** Half a millisecond for 1,000 records. */
  inspect(): readonly HealthItem[] {
    try {
      this.#attempt("read", () => checkDatabase(this.path));
      return [];
    } catch (error) {
      if (!(error instanceof CausewayError) || error.code !== "store_corrupt") throw error;
      return [damaged(error)];
    }
  }

  /** Ends the watches, closes the database and lets the directory go. A second call does nothing. */
  close(): void {
    if (!this.#db.isOpen) return;
    clearTimeout(this.#unsynced);
    this.#watchers.close();
    this.#opened.dispose();
  }

  /**
   * Writes; on a full disk once more with the space of the write-ahead log, whose commits go into the database, and where the changes
   * let go of something, with the reserve.
   */
  #withSpace<T>(changes: readonly EncodedChange[], write: () => T): T {
    const remedies = [() => this.#emptyLog(), () => this.#letsGo(changes) && this.#spendReserve()];
    for (const remedy of remedies) {
      try {
        return write();
      } catch (error) {
        if (!isFull(this.path, error)) throw error;
        remedy();
      }
    }
    return write();
  }

  /** The database grows into it by what is in the log only, and then the log's space is free, for a few hundred deletions more. */
  #spendReserve(): void {
    if (this.#reserve.release()) this.#emptyLog();
  }

  /** Where the database itself has no room for it, the log keeps what it has. */
  #emptyLog(): void {
    try {
      get(this.#sql.checkpoint);
    } catch (error) {
      if (!isFull(this.path, error)) throw error;
    }
  }

  /** Whether the store is hardly larger afterwards: so it is when something is deleted, or an endpoint leaves. */
  #letsGo(changes: readonly EncodedChange[]): boolean {
    const lengthOf = ({ kind, id }: EncodedChange) => this.#row(kind, id)?.value.length ?? 0;
    const growth = changes.reduce((sum, change) => sum + change.text.length - lengthOf(change), 0);
    return growth <= slightGrowth;
  }

  #apply(changes: readonly EncodedChange[]): { revision: number; events: StoreEvent[] } {
    const revision = revisionOf(this.#sql.nextRevision);
    const events: StoreEvent[] = [];
    for (const change of changes) {
      const { op, kind, id, text } = change;
      const isWatched = this.#watchers.has(kind);
      // An unconditional change that nobody watches need not know what was there.
      const before = change.ifRevision !== undefined || isWatched ? this.#row(kind, id) : undefined;
      checkRevision(change, before?.revision ?? 0);
      if (op === "put") run(this.#sql.put, kind, id, text, revision);
      else run(this.#sql.delete, kind, id);
      const value = op === "put" ? text : before?.value;
      if (isWatched && value !== undefined)
        events.push({ type: op, record: decode(kind, id, { value, revision }) });
    }
    return { revision, events };
  }

  #transaction<T>(body: () => T): T {
    run(this.#sql.begin);
    try {
      const result = body();
      run(this.#sql.commit);
      return result;
    } catch (error) {
      // On a full disk or an I/O error SQLite may have rolled back by itself.
      if (this.#db.isTransaction) run(this.#sql.rollback);
      throw error;
    }
  }

  #row(kind: string, id: string): StoredText | undefined {
    return get(this.#sql.get, kind, id) as StoredText | undefined;
  }

  #attempt<T>(action: "read" | "write", body: () => T): T {
    if (!this.#db.isOpen) throw storeClosed();
    try {
      return body();
    } catch (error) {
      throw storeFailure(action, this.path, error);
    }
  }
}

/** The database file of a state directory. */
export function databaseOf(stateDir: string): string {
  return join(stateDir, "causeway.db");
}

interface OpenFiles extends Disposable {
  readonly db: DatabaseSync;
  readonly mark: RevisionMark;
}

/** Opening, too, takes a little space: for SQLite's -shm file. */
function openFiles(path: string, reserve: Reserve): OpenFiles {
  try {
    return openOnce(path);
  } catch (error) {
    if (!isFull(path, error) || !reserve.release()) throw error;
    return openOnce(path);
  }
}

function openOnce(path: string): OpenFiles {
  using opened = new DisposableStack();
  const mark = opened.use(new RevisionMark(path));
  const db = opened.adopt(openDatabase(path), (made) => made.close());
  const kept = opened.move();
  return { db, mark, [Symbol.dispose]: () => kept.dispose() };
}

function damaged({ code, message }: CausewayError): HealthItem {
  const mend = "check the disk, and close the controller; then do as the message says";
  return { code, nature: "host", subject: { kind: "store" }, message, mend, repairable: false };
}

function prepareAll(db: DatabaseSync): Statements {
  const prepared = Object.entries(statements).map(([name, sql]) => [name, db.prepare(sql)]);
  return Object.fromEntries(prepared) as Statements;
}

function revisionOf(statement: StatementSync): number {
  return Number(get(statement)?.revision);
}
