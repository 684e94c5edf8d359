/**
 * What can go wrong between hosts, and what is to be thought of it.
 */
import type { ClusterHost } from "../contracts/overlay.ts";
import type { SharedStore } from "../contracts/shared-store.ts";
import { CausewayError, conflict, hasCode, unavailable } from "../errors.ts";

/** Another host was faster. */
export function isConflict(error: unknown): boolean {
  return hasCode(error, "revision_conflict");
}

/** The store cannot be reached: later it may. */
export function isAway(error: unknown): boolean {
  return hasCode(error, "store_unavailable") || hasCode(error, "store_closed");
}

/** The commit may have happened all the same. */
export function isDoubtful(error: unknown): boolean {
  const detail = isAway(error) && error instanceof CausewayError ? error.detail : undefined;
  return (
    typeof detail === "object" &&
    detail !== null &&
    "maybeCommitted" in detail &&
    detail.maybeCommitted === true
  );
}

/** A lease that something was to be put under has ended. */
export function isLeaseLost(error: unknown): boolean {
  return hasCode(error, "lease_not_found");
}

/** The store lets this host not do what every host must: whoever keeps it has to say otherwise. */
export function isForbidden(error: unknown): error is CausewayError {
  return hasCode(error, "store_forbidden");
}

/** Another host has this one's id. */
export function isHostIdInUse(error: unknown): error is CausewayError {
  return hasCode(error, "host_id_in_use");
}

/**
 * This host has no place in the cluster at the moment: the store is away, its lease has ended, or another host has its id. What fails by that
 * is done when it has one again, which those who listen are told.
 */
export function hasNoPlace(error: unknown): boolean {
  return isAway(error) || isLeaseLost(error) || isHostIdInUse(error);
}

export function hostIdInUse(self: ClusterHost, other: ClusterHost): CausewayError {
  return conflict(
    "host_id_in_use",
    `host ${self.id} (${self.name}, ${self.address}) is not taken into the cluster: ${other.name}, ${other.address}, has the same id; ` +
      "one of their state directories is a copy of the other's: begin with an empty one here. A host that has got another address waits until its former life is over",
    { id: self.id, host: other.name, address: other.address },
  );
}

/** @throws store_unavailable at once, where that is known */
export function assertAvailable({ availability: { available, reason } }: SharedStore): void {
  if (!available) throw storeUnavailable(reason ?? "it does not answer");
}

export function storeUnavailable(why: string): CausewayError {
  return unavailable(
    "store_unavailable",
    `what the hosts of the cluster share cannot be reached: ${why}; local networks go on meanwhile`,
  );
}

export function tooMuchContention(what: string): CausewayError {
  return unavailable(
    "cluster_contention",
    `${what}: other hosts were faster each time; nothing was changed: try again`,
  );
}

/** Does what nobody waits for: where the kernel refuses it, the doctor finds what is missing. */
export function warnOfFailure(action: () => void): void {
  try {
    action();
  } catch (error) {
    process.emitWarning(String(error));
  }
}
