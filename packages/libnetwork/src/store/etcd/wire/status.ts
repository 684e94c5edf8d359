/**
 * How a call ended that did not end well: gRPC's status codes, of which etcd uses these.
 * https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */

export const status = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export class CallFailure extends Error {
  override readonly name = "CallFailure";
  /** gRPC's; `unavailable` for a connection that could not be made, or broke. */
  readonly status: number;
  /** Whether the server may have had the request. */
  readonly wasSent: boolean;

  constructor(
    code: number,
    message: string,
    { wasSent = true, cause }: { readonly wasSent?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.status = code;
    this.wasSent = wasSent;
  }
}

export function isCallFailure(error: unknown): error is CallFailure {
  return error instanceof CallFailure;
}
