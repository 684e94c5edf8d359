/**
 * What a call that failed says of etcd. The texts are those of etcd's api/v3rpc/rpctypes/error.go: its codes alone do not tell.
 */
import { CausewayError, forbidden, invalid } from "../../errors.ts";
import { changesForgotten, leaseNotFound, storeUnavailable } from "../failures.ts";
import { type CallFailure, status } from "./wire/status.ts";

/** Ended by the member or on the way to it: another one may do better. */
const ofTheMember: ReadonlySet<number> = new Set([
  status.unavailable,
  status.deadlineExceeded,
  status.cancelled,
  status.internal,
]);

export function isOfTheMember({ status: code }: CallFailure): boolean {
  return ofTheMember.has(code);
}

/** The token is not, or no longer, one of etcd's: who logs in anew gets another. */
export function isOfTheToken({ status: code, message }: CallFailure): boolean {
  if (code === status.unauthenticated) return true;
  return (
    code === status.invalidArgument &&
    /user name is empty|revision of auth store is old|invalid auth token/.test(message)
  );
}

/** Whether what was asked for may have happened all the same. A member without a leader has not passed it on. */
export function mayHaveHappened(failure: CallFailure): boolean {
  return failure.wasSent && isOfTheMember(failure) && !failure.message.includes("no leader");
}

/** @param isChange whether the call was one that changes something, and not one that can be repeated */
export function asStoreError(failure: CallFailure, isChange: boolean): CausewayError {
  const { status: code, message } = failure;
  if (code === status.permissionDenied)
    return forbidden(
      "store_forbidden",
      `etcd refuses this host's user (${message}): grant it readwrite on the cluster's keys`,
    );
  if (code === status.notFound && message.includes("lease")) return leaseNotFound("of this commit");
  if (/too many operations|request is too large|larger than max/.test(message))
    return invalid("commit_too_large", `etcd refuses a commit of this size (${message}): make several of it`);
  if (message.includes("database space exceeded"))
    return new CausewayError(
      "unavailable",
      "store_full",
      `etcd's database is full (${message}); nothing was changed: compact and defragment it, and disarm its alarm`,
      { cause: failure },
    );
  if (code === status.outOfRange) return changesForgotten();
  const maybeCommitted = isChange && mayHaveHappened(failure);
  return storeUnavailable(message, { maybeCommitted, cause: failure });
}
