/**
 * What went wrong in the thread, as plain data, and as an error again.
 */
import { causesOf } from "@causeway/kernel";
import { messageOf, unavailable } from "../../errors.ts";
import type { Failure } from "./protocol.ts";

export function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  const errno = causesOf(error)
    .map(errnoOf)
    .find((found) => found !== undefined);
  return errno === undefined ? { message } : { message, errno };
}

/** Node.js says in words alone why it cannot begin a thread, or read a file for it. */
function errnoOf(error: Error): string | undefined {
  const code = "code" in error ? String(error.code) : "";
  const [named] = code.match(/^E[A-Z0-9]+$/) ?? error.message.match(/\bE(?:MFILE|NFILE|AGAIN|NOMEM)\b/) ?? [];
  return named ?? (/too many open files/i.test(error.message) ? "EMFILE" : undefined);
}

/** With what the kernel said as its cause: whoever knows what that means says more. */
export function resolverFailed({ message, errno }: Failure): Error {
  const cause = errno === undefined ? undefined : Object.assign(new Error(message), { code: errno });
  return unavailable("resolver_failed", `no names can be answered in the sandbox: ${message}`, cause);
}
