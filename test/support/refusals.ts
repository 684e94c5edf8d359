// Telling that something was refused for want of a resource.

import assert from "node:assert/strict";
import { CausewayError } from "@causeway/libnetwork";

/** Fails unless it is an error of kind `unavailable` with this code, whose message says what to do, and whose cause is there. */
export function assertExhausted(error: unknown, code: string, mend: RegExp): void {
  assert.ok(error instanceof CausewayError, String(error));
  assert.deepEqual([error.kind, error.code], ["unavailable", code], error.message);
  assert.match(error.message, mend);
  assert.ok(error.cause instanceof Error, "it has a cause");
}
