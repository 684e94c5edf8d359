/**
 * What HTTP itself refuses: errors of ours with a status that their kind alone does not tell.
 */
import { CausewayError, type ErrorKind, httpStatus } from "@causeway/libnetwork";

export class Refusal extends CausewayError {
  readonly status: number;

  constructor(
    status: number,
    kind: ErrorKind,
    code: string,
    message: string,
    options: { readonly detail?: unknown } = {},
  ) {
    super(kind, code, message, options);
    this.status = status;
  }
}

/** The status of an answer that tells of this error. */
export function statusOf(error: CausewayError): number {
  return error instanceof Refusal ? error.status : httpStatus(error);
}

/** The object is not as `If-Match` says. */
export function preconditionFailed(message: string, detail?: unknown): Refusal {
  return new Refusal(412, "conflict", "precondition_failed", message, { detail });
}
