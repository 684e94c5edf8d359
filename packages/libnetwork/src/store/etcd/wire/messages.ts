/**
 * etcd's messages, in the parts that we use: api/etcdserverpb/rpc.proto and api/mvccpb/kv.proto, as 3.4 has them.
 */
import { bool, bytes, embedded, id64, int64, message, repeated, text } from "./protobuf.ts";

const responseHeader = message({
  clusterId: id64(1),
  memberId: id64(2),
  revision: int64(3),
});

const keyValue = message({
  key: bytes(1),
  createRevision: int64(2),
  modRevision: int64(3),
  value: bytes(5),
});

// ---- KV

export const rangeRequest = message({
  key: bytes(1),
  /** Absent: the key alone. Exclusive. */
  rangeEnd: bytes(2),
  limit: int64(3),
  /** Of which moment; absent: now. */
  revision: int64(4),
  keysOnly: bool(8),
  countOnly: bool(9),
  /** Leaves out what was changed before; `count` counts it all the same. */
  minModRevision: int64(10),
});

export const rangeResponse = message({
  header: embedded(1, responseHeader),
  kvs: repeated(2, keyValue),
  more: bool(3),
  count: int64(4),
});

const putRequest = message({ key: bytes(1), value: bytes(2), lease: id64(3) });

const deleteRangeRequest = message({ key: bytes(1) });

/** One of these. */
const requestOp = message({
  range: embedded(1, rangeRequest),
  put: embedded(2, putRequest),
  deleteRange: embedded(3, deleteRangeRequest),
});

const responseOp = message({ range: embedded(1, rangeResponse) });

/** Compare.CompareTarget.MOD: the revision of the last change; 0 where there is no such key. */
export const compareTargetMod = 2;

const compare = message({
  /** Absent: EQUAL. */
  result: int64(1),
  target: int64(2),
  key: bytes(3),
  modRevision: int64(6),
});

export const txnRequest = message({
  compare: repeated(1, compare),
  success: repeated(2, requestOp),
  failure: repeated(3, requestOp),
});

export const txnResponse = message({
  header: embedded(1, responseHeader),
  succeeded: bool(2),
  responses: repeated(3, responseOp),
});

// ---- Watch

export const watchRequest = message({
  create: embedded(
    1,
    message({
      key: bytes(1),
      rangeEnd: bytes(2),
      startRevision: int64(3),
      /** Tells now and then up to which revision nothing happened. */
      progressNotify: bool(4),
      prevKv: bool(6),
      watchId: int64(7),
    }),
  ),
  cancel: embedded(2, message({ watchId: int64(1) })),
});

/** Event.EventType.DELETE; PUT is 0. */
export const eventTypeDelete = 1;

export const watchResponse = message({
  header: embedded(1, responseHeader),
  watchId: int64(2),
  created: bool(3),
  canceled: bool(4),
  /** The first revision that is still known; 0: that is not the reason. */
  compactRevision: int64(5),
  cancelReason: text(6),
  events: repeated(11, message({ type: int64(1), kv: embedded(2, keyValue), prevKv: embedded(3, keyValue) })),
});

// ---- Lease

export const leaseGrantRequest = message({ seconds: int64(1) });
export const leaseGrantResponse = message({
  header: embedded(1, responseHeader),
  id: id64(2),
  seconds: int64(3),
  error: text(4),
});
export const leaseRevokeRequest = message({ id: id64(1) });
export const leaseRevokeResponse = message({ header: embedded(1, responseHeader) });
export const leaseKeepAliveRequest = message({ id: id64(1) });
/** Seconds that are left; 0: there is no such lease. */
export const leaseKeepAliveResponse = message({ id: id64(2), seconds: int64(3) });

// ---- Auth

export const authenticateRequest = message({ name: text(1), password: text(2) });
export const authenticateResponse = message({ header: embedded(1, responseHeader), token: text(2) });
