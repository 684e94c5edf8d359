/**
 * etcd's calls that we use, of etcdserverpb's services.
 */
import * as messages from "./wire/messages.ts";
import type { Message } from "./wire/protobuf.ts";

/** @template Q what is asked @template A what is answered */
export interface Method<Q, A> {
  readonly path: string;
  readonly request: Pick<Message<Q, never>, "encode">;
  readonly answer: Pick<Message<never, A>, "decode">;
  /** Whether it may be asked again when nobody knows what became of it. */
  readonly isRepeatable: boolean;
}

function method<Q, A>(
  path: string,
  request: Method<Q, never>["request"],
  answer: Method<never, A>["answer"],
  isRepeatable: boolean,
): Method<Q, A> {
  return { path, request, answer, isRepeatable };
}

export const range = method("/etcdserverpb.KV/Range", messages.rangeRequest, messages.rangeResponse, true);

export const txn = method("/etcdserverpb.KV/Txn", messages.txnRequest, messages.txnResponse, false);

/** A lease that nobody heard of ends by itself. */
export const leaseGrant = method(
  "/etcdserverpb.Lease/LeaseGrant",
  messages.leaseGrantRequest,
  messages.leaseGrantResponse,
  true,
);

export const leaseRevoke = method(
  "/etcdserverpb.Lease/LeaseRevoke",
  messages.leaseRevokeRequest,
  messages.leaseRevokeResponse,
  true,
);

export const authenticate = method(
  "/etcdserverpb.Auth/Authenticate",
  messages.authenticateRequest,
  messages.authenticateResponse,
  true,
);

export const watchPath = "/etcdserverpb.Watch/Watch";
export const leaseKeepAlivePath = "/etcdserverpb.Lease/LeaseKeepAlive";
