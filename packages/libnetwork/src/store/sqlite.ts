/**
 * SQLite's calls as crossings of the seam (sys/seam.ts of the kernel package): where one is made to fail, it throws as
 * node:sqlite does. Result codes: https://sqlite.org/rescode.html
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { cross, type Fault } from "@causeway/kernel";

type Row = Record<string, SQLOutputValue>;

/** What SQLite makes of an errno; anything else is SQLITE_IOERR. */
const codes = new Map([
  ["EBUSY", 5 /* SQLITE_BUSY */],
  ["ENOMEM", 7 /* SQLITE_NOMEM */],
  ["EPERM", 8 /* SQLITE_READONLY */],
  ["ENOSPC", 13 /* SQLITE_FULL */],
]);
const SQLITE_IOERR = 10;

function refuse({ code }: Fault): never {
  throw Object.assign(new Error(`made to fail with ${code}`), {
    code: "ERR_SQLITE_ERROR",
    errcode: codes.get(code) ?? SQLITE_IOERR,
  });
}

const crossing = (operation: string, subject: string) => ({ kind: "store", operation, subject }) as const;

export function exec(db: DatabaseSync, sql: string): void {
  cross(crossing("exec", sql), () => db.exec(sql), refuse);
}

export function run(statement: StatementSync, ...values: readonly SQLInputValue[]): void {
  cross(crossing("run", statement.sourceSQL), () => void statement.run(...values), refuse);
}

export function get(statement: StatementSync, ...values: readonly SQLInputValue[]): Row | undefined {
  return cross(crossing("get", statement.sourceSQL), () => statement.get(...values), refuse);
}

export function all(statement: StatementSync, ...values: readonly SQLInputValue[]): readonly Row[] {
  return cross(crossing("all", statement.sourceSQL), () => statement.all(...values), refuse);
}
