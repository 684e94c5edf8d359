/**
 * SharedStore: the store that the hosts of a cluster have in common. Everything about it may take long, or be away: it promises, and
 * says whether it can be reached.
 */
import type { Store, StoreChange, StoredRecord } from "./store.ts";

/** Names a lease to the store. Plain: it can be stored. */
export type LeaseId = string;

/** What is put under it is deleted when it ends: by us, or because nobody kept it alive. */
export interface Lease {
  readonly id: LeaseId;
  /** Seconds that it outlives its last renewal. It is renewed by the store while the store is open, and not ended when that closes. */
  readonly seconds: number;
  /**
   * Aborts when the store says that the lease has ended other than by {@link end}: what was put under it is gone, or about to be.
   * While the store is away nobody knows, and nothing is said: one that comes back gives leases their time anew.
   */
  readonly lost: AbortSignal;
  /** Deletes at once all that was put under it. It is not renewed any more, whatever comes of it. @throws store_unavailable */
  end(): Promise<void>;
}

/** A change of what is shared. */
export type SharedChange =
  | (Extract<StoreChange, { op: "put" }> & {
      /** The record lives as long as the lease does. Absent: until it is deleted, even if it was under a lease before. */
      readonly lease?: LeaseId;
    })
  | Extract<StoreChange, { op: "delete" }>
  | {
      /** Changes nothing: the commit fails unless the record is at this revision; 0: unless there is none. */
      readonly op: "expect";
      readonly kind: string;
      readonly id: string;
      readonly ifRevision: number;
    };

/** What a follower is told, in this order: puts of what there is, `settled`, then changes as they come. */
export type FollowEvent =
  /** New, or changed since the follower was last told of it. */
  | { readonly type: "put"; readonly record: StoredRecord }
  /** The record as the follower was last told of it; at the revision of its deletion, or of the listing that lacks it. */
  | { readonly type: "delete"; readonly record: StoredRecord }
  /** All that was there at some moment has been told: at the start, and again after each time that the store was away. */
  | { readonly type: "settled" }
  /** The store cannot be reached: what was told may be out of date from now on. */
  | { readonly type: "stale" };

export interface Availability {
  readonly available: boolean;
  /** Why it is not: for people. */
  readonly reason?: string;
}

/**
 * As {@link Store}, with leases. Where it cannot be reached, a call fails with `store_unavailable` within a few seconds; a commit then
 * may or may not have happened, and its error says `maybeCommitted: true` in its detail where that is not known.
 *
 * The revision of a record grows with every change of it; revisions of different records can be compared.
 */
export interface SharedStore extends Store {
  get(kind: string, id: string): Promise<StoredRecord | undefined>;
  list(kind: string): Promise<readonly StoredRecord[]>;
  /**
   * As {@link Store.commit}; a record stands once in it, and how many changes and bytes it takes has an end. A delete of what is not there
   * is no change of the store.
   *
   * @throws revision_conflict, store_unavailable, lease_not_found, record_changed_twice, commit_too_large
   */
  commit(changes: readonly SharedChange[]): Promise<number>;
  /** @param seconds whole, 2 and more. @throws store_unavailable */
  lease(seconds: number): Promise<Lease>;
  /** Ends one that may be of an earlier run: what was put under it is gone. Nothing is wrong with one that is not there. @throws store_unavailable */
  endLease(id: LeaseId): Promise<void>;
  /**
   * The records of one kind and what becomes of them, over lost connections and compactions: nothing is missed, and no change is told
   * twice; of several changes of one record the last may be told alone. Ends when the signal aborts or the store closes.
   */
  follow(kind: string, signal: AbortSignal): AsyncIterable<FollowEvent>;
  readonly availability: Availability;
  /** Is told when {@link availability} changes, until the signal aborts. */
  onAvailability(listener: (now: Availability) => void, signal: AbortSignal): void;
  close(): Promise<void>;
}
