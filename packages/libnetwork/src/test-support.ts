/**
 * What unit tests of several rooms share.
 */
import assert from "node:assert/strict";
import { CausewayError } from "./errors.ts";

/** Matches a CausewayError, thrown or promised, by its kind and code, and by its message. */
export function failsWith(kind: CausewayError["kind"], code: string, message = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof CausewayError, String(error));
    assert.deepEqual({ kind: error.kind, code: error.code }, { kind, code });
    assert.match(error.message, message);
    return true;
  };
}
