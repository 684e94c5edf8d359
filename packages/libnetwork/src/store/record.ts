/**
 * Values on their way in and out of a store: JSON text inside, so that no caller shares an object with the store.
 */
import type { PlainData, StoreChange, StoredRecord } from "../contracts/store.ts";
import { notJson, revisionConflict } from "./failures.ts";

/** A record as it is kept: its value as JSON text. */
export interface StoredText {
  readonly value: string;
  readonly revision: number;
}

/** A change with its value encoded. */
export type EncodedChange = Omit<StoreChange, "value"> & { readonly text: string };

/** Throws `value_not_json` for a value that JSON cannot hold (undefined, a function, a bigint, a cycle). */
export function encode(change: StoreChange): EncodedChange {
  const { op, kind, id } = change;
  const guard = change.ifRevision === undefined ? {} : { ifRevision: change.ifRevision };
  return { op, kind, id, text: op === "put" ? toJson(change) : "", ...guard };
}

export function decode(kind: string, id: string, stored: StoredText): StoredRecord {
  const value: PlainData = JSON.parse(stored.value);
  return Object.freeze({ kind, id, value, revision: stored.revision });
}

/**
 * As {@link decode}, of a store that others write to as well: what is no JSON is `null`, which no reader takes for a record of its own, so that
 * it is in nobody's way.
 */
export function decodeShared(kind: string, id: string, stored: StoredText): StoredRecord {
  try {
    return decode(kind, id, stored);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return decode(kind, id, { value: "null", revision: stored.revision });
  }
}

/** Throws `revision_conflict` unless the record is at the revision that the change expects. */
export function checkRevision(
  change: Pick<EncodedChange, "kind" | "id" | "ifRevision">,
  current: number,
): void {
  const { kind, id, ifRevision } = change;
  if (ifRevision !== undefined && ifRevision !== current)
    throw revisionConflict(kind, id, ifRevision, current);
}

function toJson(change: StoreChange & { op: "put" }): string {
  const { kind, id, value } = change;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw notJson(kind, id, error);
  }
  if (text === undefined) throw notJson(kind, id);
  return text;
}
