/**
 * The schema of the database, as the list of steps that lead to it. `PRAGMA user_version` counts the steps a database has taken.
 */
import type { DatabaseSync } from "node:sqlite";
import { unavailable } from "../errors.ts";
import { exec, get } from "./sqlite.ts";

/** Step n leads from version n to n + 1. A step that has been released is never edited: append another one. */
export const migrations: readonly string[] = [
  `CREATE TABLE records (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     value TEXT NOT NULL,       -- JSON
     revision INTEGER NOT NULL, -- the store's revision when this record last changed
     PRIMARY KEY (kind, id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE store (revision INTEGER NOT NULL) STRICT; -- one row, so that the revision outlives deleted records
   INSERT INTO store (revision) VALUES (0);`,
];

/**
 * Brings a database to the newest schema in one transaction: all of the missing steps or none. What there is already is first
 * handed to `keepAside`.
 *
 * Throws `store_too_new`, with the database untouched, when a newer release has written it.
 */
export function migrate(
  db: DatabaseSync,
  path: string,
  steps: readonly string[] = migrations,
  keepAside: (version: number) => void = () => undefined,
): void {
  const version = schemaVersion(db);
  refuseNewer(version, path, steps);
  if (version === steps.length) return;
  if (version > 0) keepAside(version);
  exec(db, "BEGIN IMMEDIATE");
  try {
    for (const step of steps.slice(version)) exec(db, step);
    exec(db, `PRAGMA user_version = ${steps.length}`);
    exec(db, "COMMIT");
  } catch (error) {
    if (db.isTransaction) exec(db, "ROLLBACK");
    throw error;
  }
}

/** Throws `store_too_new` for a version behind these steps. */
export function refuseNewer(version: number, path: string, steps: readonly string[]): void {
  if (version <= steps.length) return;
  throw unavailable(
    "store_too_new",
    `${path} has schema version ${version}, this release of Causeway knows versions up to ${steps.length}: ` +
      "run the release that wrote it or a newer one, or choose another state directory",
  );
}

export function schemaVersion(db: DatabaseSync): number {
  return Number(get(db.prepare("PRAGMA user_version"))?.user_version);
}
