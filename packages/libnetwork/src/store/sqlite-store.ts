/**
 * The store of one machine: SQLite through node:sqlite, write-ahead log with synchronous=FULL, so that a commit that has
 * answered survives a crash of the process and of the machine. Every method is synchronous.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { HealthItem } from "../contracts/health.ts";
import type { Store, StoreChange, StoredRecord, StoreEvent } from "../contracts/store.ts";
import { CausewayError } from "../errors.ts";
import { checkDatabase, openDatabase } from "./database.ts";
import { storeClosed, storeFailure } from "./failures.ts";
import { checkRevision, decode, type EncodedChange, encode, type StoredText } from "./record.ts";
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
} as const;

type Statements = Readonly<Record<keyof typeof statements, StatementSync>>;

export class SqliteStore implements Store {
  /** The database file. */
  readonly path: string;
  readonly #lock: StateLock;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #watchers = new Watchers();

  private constructor(path: string, lock: StateLock, db: DatabaseSync) {
    this.path = path;
    this.#lock = lock;
    this.#db = db;
    this.#sql = prepareAll(db);
  }

  /**
   * Opens `<stateDir>/causeway.db` and locks the directory until `close`; what is missing is made, for this user alone.
   *
   * Throws `state_dir_locked`, `store_too_new`, `store_corrupt`, or `store_open_failed` for anything else.
   */
  static open(stateDir: string): SqliteStore {
    const path = join(stateDir, "causeway.db");
    let lock: StateLock | undefined;
    let db: DatabaseSync | undefined;
    try {
      mkdirSync(stateDir, { recursive: true, mode: 0o700 });
      lock = StateLock.acquire(stateDir);
      db = openDatabase(path);
      return new SqliteStore(path, lock, db);
    } catch (error) {
      db?.close();
      lock?.[Symbol.dispose]();
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
      this.#sql.list.all(kind).map((row) => decode(kind, String(row.id), row as unknown as StoredText)),
    );
  }

  commit(changes: readonly StoreChange[]): number {
    return this.#attempt("write", () => {
      if (changes.length === 0) return revisionOf(this.#sql.revision);
      const encoded = changes.map(encode);
      const { revision, events } = this.#transaction(() => this.#apply(encoded));
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
    this.#watchers.close();
    try {
      this.#db.close();
    } finally {
      this.#lock[Symbol.dispose]();
    }
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
      if (op === "put") this.#sql.put.run(kind, id, text, revision);
      else this.#sql.delete.run(kind, id);
      const value = op === "put" ? text : before?.value;
      if (isWatched && value !== undefined)
        events.push({ type: op, record: decode(kind, id, { value, revision }) });
    }
    return { revision, events };
  }

  #transaction<T>(body: () => T): T {
    this.#sql.begin.run();
    try {
      const result = body();
      this.#sql.commit.run();
      return result;
    } catch (error) {
      // On a full disk or an I/O error SQLite may have rolled back by itself.
      if (this.#db.isTransaction) this.#sql.rollback.run();
      throw error;
    }
  }

  #row(kind: string, id: string): StoredText | undefined {
    return this.#sql.get.get(kind, id) as StoredText | undefined;
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

function damaged({ code, message }: CausewayError): HealthItem {
  const mend = "check the disk, and close the controller; then do as the message says";
  return { code, nature: "host", subject: { kind: "store" }, message, mend, repairable: false };
}

function prepareAll(db: DatabaseSync): Statements {
  const prepared = Object.entries(statements).map(([name, sql]) => [name, db.prepare(sql)]);
  return Object.fromEntries(prepared) as Statements;
}

function revisionOf(statement: StatementSync): number {
  return Number(statement.get()?.revision);
}
