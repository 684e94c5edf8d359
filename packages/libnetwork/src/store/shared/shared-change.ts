/**
 * The changes of a commit to a shared store, checked and encoded.
 */
import type { LeaseId, SharedChange } from "../../contracts/shared-store.ts";
import { invalid } from "../../errors.ts";
import { encode } from "../record.ts";

/** A change with its value as JSON text; empty where there is none. */
export interface EncodedSharedChange {
  readonly op: SharedChange["op"];
  readonly kind: string;
  readonly id: string;
  readonly text: string;
  readonly ifRevision?: number;
  readonly lease?: LeaseId;
}

/** @throws value_not_json, record_changed_twice */
export function encodeAll(changes: readonly SharedChange[]): readonly EncodedSharedChange[] {
  const seen = new Set<string>();
  return changes.map((change) => {
    const { kind, id } = change;
    const name = JSON.stringify([kind, id]);
    if (seen.has(name)) {
      throw invalid(
        "record_changed_twice",
        `${kind}/${id} stands twice in one commit: say once what becomes of it`,
        { kind, id },
      );
    }
    seen.add(name);
    return encodeOne(change);
  });
}

function encodeOne(change: SharedChange): EncodedSharedChange {
  if (change.op === "expect") return { ...change, text: "" };
  const lease = change.op === "put" && change.lease !== undefined ? { lease: change.lease } : {};
  return { ...encode(change), ...lease };
}
