/**
 * What can go wrong in a store, as errors with stable codes. SQLite's result codes: https://sqlite.org/rescode.html
 */

import { dirname } from "node:path";
import { files } from "@causeway/kernel";
import { CausewayError, conflict, messageOf, notFound, unavailable } from "../errors.ts";

/** Primary result codes of SQLite that say the file is not, or no longer, a sound database. */
const corruptCodes: ReadonlySet<number> = new Set([11 /* SQLITE_CORRUPT */, 26 /* SQLITE_NOTADB */]);
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
/** What says that there is no space, or no more for this user. */
const fullErrnos: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

/** With less than this many bytes free, an I/O error is one of space: SQLite does not tell them apart for its -shm file. */
const scarceBytes = 64 * 1024;

export function storeClosed(): CausewayError {
  return unavailable("store_closed", "the store is closed: open a controller again");
}

export function storeCorrupt(path: string, cause: unknown): CausewayError {
  return unavailable(
    "store_corrupt",
    `${path} is damaged (${reason(cause)}): restore it from a backup (NetworkController.restoreBackup), or move it away together with its -wal, -shm and .revision files to start empty`,
    cause,
  );
}

export function revisionConflict(kind: string, id: string, expected: number, found: number): CausewayError {
  const want = expected === 0 ? "none" : `revision ${expected}`;
  const have = found === 0 ? "none" : `revision ${found}`;
  return conflict(
    "revision_conflict",
    `${kind}/${id} has changed: expected ${want}, found ${have}; read it again and retry`,
    { kind, id, expected, found },
  );
}

/** For a store that hosts share. @param maybeCommitted of a commit: whether it may have happened all the same */
export function storeUnavailable(
  reason: string,
  { maybeCommitted = false, cause }: { readonly maybeCommitted?: boolean; readonly cause?: unknown } = {},
): CausewayError {
  const doubt = maybeCommitted ? "; whether the changes were made is not known" : "";
  return new CausewayError(
    "unavailable",
    "store_unavailable",
    `the cluster's store cannot be reached (${reason})${doubt}: try again when it can`,
    { detail: { maybeCommitted }, cause },
  );
}

export function leaseNotFound(id: string): CausewayError {
  return notFound("lease_not_found", `the lease ${id} has ended: take another, and put its records again`, {
    lease: id,
  });
}

/** For a watch of which changes were forgotten before it was told of them. */
export function changesForgotten(): CausewayError {
  return unavailable(
    "watch_overflow",
    "the store has forgotten changes that a watch was not yet told: list the records again and watch anew",
  );
}

export function notJson(kind: string, id: string, cause?: unknown): CausewayError {
  const message = `the value of ${kind}/${id} cannot be stored: it must be JSON`;
  return new CausewayError("invalid", "value_not_json", message, { cause });
}

/**
 * The error to throw for what SQLite or the file system threw during `action`: `store_corrupt` for a damaged file, `store_full`
 * for a full disk, otherwise `store_open_failed`, `store_read_failed` or `store_write_failed` (I/O error, read-only file system, a
 * lock that somebody else's tool holds). Our own errors and mistakes of the caller's (TypeError) pass as they are.
 */
export function storeFailure(action: "open" | "read" | "write", path: string, cause: unknown): Error {
  if (cause instanceof CausewayError || cause instanceof TypeError) return cause;
  const isDamage = corruptCodes.has(primaryCode(cause)) || cause instanceof SyntaxError; // SyntaxError: a value is not JSON
  if (isDamage) return storeCorrupt(path, cause);
  if (isFull(path, cause)) {
    return unavailable(
      "store_full",
      `cannot ${action} ${path}: the disk is full (${reason(cause)}); nothing was changed: make space in ${dirname(path)}, and try again`,
      cause,
    );
  }
  return unavailable(
    `store_${action}_failed`,
    `cannot ${action} ${path} (${reason(cause)}): check the space, the mount and the permissions of its directory`,
    cause,
  );
}

/** Whether what SQLite or the file system threw says that there is no space for the file. */
export function isFull(path: string, error: unknown): boolean {
  const code = primaryCode(error);
  if (code === SQLITE_FULL) return true;
  if (error instanceof Error && "code" in error && fullErrnos.has(error.code)) return true;
  return code === SQLITE_IOERR && freeBytes(path) < scarceBytes;
}

/** How much room there is beside a file; none where that cannot be told. */
export function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = files.statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return 0;
  }
}

function primaryCode(error: unknown): number {
  const extended = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  return extended & 0xff;
}

function reason(cause: unknown): string {
  const text = messageOf(cause);
  return text.replaceAll("\n", " "); // quick_check answers in several lines
}
