/**
 * What went wrong, in a form that programs can act on: one class, a stable `code`, and a `kind` that maps to an HTTP status.
 */

/** The families of failure; {@link httpStatus} gives each its status. */
export type ErrorKind =
  | "not_found"
  | "conflict"
  | "invalid"
  | "forbidden"
  | "unavailable"
  | "unsupported"
  | "internal";

const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  not_found: 404,
  conflict: 409,
  invalid: 400,
  forbidden: 403,
  unavailable: 503,
  unsupported: 501,
  internal: 500,
};

export interface CausewayErrorOptions {
  readonly cause?: unknown;
  /** The value that was refused, or the names of what stands in the way: plain data for a program to show. */
  readonly detail?: unknown;
}

/**
 * Every error that Causeway throws on purpose.
 *
 * `code` is stable (`network_not_found`, `pool_overlap`, `port_in_use` ...) and safe to compare with; `message` names the
 * offending value and the mend and may change between releases.
 */
export class CausewayError extends Error {
  override readonly name = "CausewayError";
  readonly kind: ErrorKind;
  readonly code: string;
  readonly detail: unknown;

  constructor(kind: ErrorKind, code: string, message: string, options: CausewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.detail = options.detail;
  }
}

/** The HTTP status for an error: that of its kind, 500 for what is not ours. */
export function httpStatus(error: unknown): number {
  return error instanceof CausewayError ? statusOfKind[error.kind] : statusOfKind.internal;
}

/** Whether it is an error of ours with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof CausewayError && error.code === code;
}

/** What to say of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function notFound(code: string, message: string, detail?: unknown): CausewayError {
  return new CausewayError("not_found", code, message, { detail });
}

export function conflict(code: string, message: string, detail?: unknown): CausewayError {
  return new CausewayError("conflict", code, message, { detail });
}

export function invalid(code: string, message: string, detail?: unknown): CausewayError {
  return new CausewayError("invalid", code, message, { detail });
}

export function forbidden(code: string, message: string, detail?: unknown): CausewayError {
  return new CausewayError("forbidden", code, message, { detail });
}

export function unavailable(code: string, message: string, cause?: unknown): CausewayError {
  return new CausewayError("unavailable", code, message, { cause });
}

export function unsupported(code: string, message: string, cause?: unknown): CausewayError {
  return new CausewayError("unsupported", code, message, { cause });
}
