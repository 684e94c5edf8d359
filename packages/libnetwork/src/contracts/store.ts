/**
 * Store: durable records over `kind/id`, each with a revision for compare-and-swap, changed in durable transactions.
 */

import type { HealthItem } from "./health.ts";

/** What can be stored: JSON. */
export type PlainData =
  | null
  | boolean
  | number
  | string
  | readonly PlainData[]
  | { readonly [key: string]: PlainData };

export interface StoredRecord {
  readonly kind: string;
  readonly id: string;
  readonly value: PlainData;
  /** Grows with every change of the store; of this record, the revision of its last change. */
  readonly revision: number;
}

export type StoreChange =
  | {
      readonly op: "put";
      readonly kind: string;
      readonly id: string;
      readonly value: PlainData;
      /** Succeed only if the record is at this revision now; 0: only if there is none. Absent: whatever is there. */
      readonly ifRevision?: number;
    }
  | { readonly op: "delete"; readonly kind: string; readonly id: string; readonly ifRevision?: number };

/** A put tells the new value, a delete the last one; both at the revision of the commit that did it. */
export interface StoreEvent {
  readonly type: "put" | "delete";
  readonly record: StoredRecord;
}

/**
 * A store that is local answers at once; one that is shared promises. When `commit` has answered, the changes are durable;
 * when it failed, none of them happened.
 */
export interface Store {
  get(kind: string, id: string): StoredRecord | undefined | Promise<StoredRecord | undefined>;
  /** Records of one kind in the (byte) order of their ids. */
  list(kind: string): readonly StoredRecord[] | Promise<readonly StoredRecord[]>;
  /**
   * All of the changes, in order, or none; answers the store's new revision, which the changed records share. No changes: the
   * revision stays. Throws `revision_conflict` where an `ifRevision` does not hold, `store_full` or
   * `store_write_failed` where the disk refuses.
   */
  commit(changes: readonly StoreChange[]): number | Promise<number>;
  /**
   * Changes of one kind from now on, until the signal aborts or the store closes. A reader that falls 10,000 changes behind
   * gets `watch_overflow` and must list and watch anew: memory is bounded, and no change is lost in silence.
   */
  watch(kind: string, signal?: AbortSignal): AsyncIterable<StoreEvent>;
  /** Whether what it keeps is whole; absent where it cannot be damaged. */
  inspect?(): readonly HealthItem[];
  /** From now on every other call throws `store_closed`. */
  close(): void | Promise<void>;
}
