/**
 * A refusal of the daemon's, as an error with the process's exit status.
 */
import type { ErrorBody } from "@causeway/daemon/api";
import { CliError, exitCodes } from "../errors.ts";

export type FailureKind = ErrorBody["error"]["kind"];

export class ApiError extends CliError {
  override readonly name = "ApiError";
  readonly status: number;
  readonly kind: FailureKind;
  /** Stable: `network_not_found` ... */
  readonly code: string;

  constructor(status: number, { code, kind, message }: ErrorBody["error"]) {
    super(exitCodeOf(kind), message);
    this.status = status;
    this.kind = kind;
    this.code = code;
  }
}

function exitCodeOf(kind: FailureKind): number {
  if (kind === "not_found") return exitCodes.notFound;
  return kind === "unavailable" ? exitCodes.unavailable : exitCodes.refused;
}

/** @param text the body of an answer that is no success */
export function failureOf(status: number, text: string): CliError {
  const error = errorIn(text);
  if (error !== undefined) return new ApiError(status, error);
  const said = text.trim().slice(0, 200);
  return new CliError(exitCodes.internal, `the daemon answered with status ${status}${said && `: ${said}`}`);
}

function errorIn(text: string): ErrorBody["error"] | undefined {
  try {
    const { error } = JSON.parse(text) as Partial<ErrorBody>;
    return typeof error?.message === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}
