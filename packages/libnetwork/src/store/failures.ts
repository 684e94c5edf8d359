/**
 * What can go wrong in a store, as errors with stable codes. SQLite's result codes: https://sqlite.org/rescode.html
 */
import { CausewayError, conflict, unavailable } from "../errors.ts";

/** Primary result codes of SQLite that say the file is not, or no longer, a sound database. */
const corruptCodes: ReadonlySet<number> = new Set([11 /* SQLITE_CORRUPT */, 26 /* SQLITE_NOTADB */]);

export function storeClosed(): CausewayError {
  return unavailable("store_closed", "the store is closed: open a controller again");
}

export function storeCorrupt(path: string, cause: unknown): CausewayError {
  return unavailable(
    "store_corrupt",
    `${path} is damaged (${reason(cause)}): restore it from a backup, or move it away together with its -wal and -shm files to start empty`,
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

export function notJson(kind: string, id: string, cause?: unknown): CausewayError {
  const message = `the value of ${kind}/${id} cannot be stored: it must be JSON`;
  return new CausewayError("invalid", "value_not_json", message, { cause });
}

/**
 * The error to throw for what SQLite or the file system threw during `action`: `store_corrupt` for a damaged file, otherwise
 * `store_open_failed`, `store_read_failed` or `store_write_failed` (full disk, I/O error, read-only file system, a lock that
 * somebody else's tool holds). Our own errors and mistakes of the caller's (TypeError) pass as they are.
 */
export function storeFailure(action: "open" | "read" | "write", path: string, cause: unknown): Error {
  if (cause instanceof CausewayError || cause instanceof TypeError) return cause;
  const isDamage = corruptCodes.has(primaryCode(cause)) || cause instanceof SyntaxError; // SyntaxError: a value is not JSON
  if (isDamage) return storeCorrupt(path, cause);
  return unavailable(
    `store_${action}_failed`,
    `cannot ${action} ${path} (${reason(cause)}): check the space, the mount and the permissions of its directory`,
    cause,
  );
}

function primaryCode(error: unknown): number {
  const extended = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  return extended & 0xff;
}

function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replaceAll("\n", " "); // quick_check answers in several lines
}
