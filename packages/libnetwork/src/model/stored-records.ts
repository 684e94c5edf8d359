/**
 * Reading what is stored: records as the model has them, and those that are not as they should be.
 */
import type { PlainData } from "../contracts/store.ts";
import { CausewayError, notFound } from "../errors.ts";
import type { Engine } from "./engine.ts";
import type { RestoreProblem } from "./problems.ts";
import { nameIn, readRecord } from "./record-shapes.ts";
import { type RecordKind, type RecordOfKind, remove } from "./records.ts";

interface ReadRecords<K extends RecordKind> {
  /** In the order in which the objects were made. */
  readonly records: RecordOfKind[K][];
  readonly unreadable: readonly PlainData[];
}

export async function readRecords<K extends RecordKind>(engine: Engine, kind: K): Promise<ReadRecords<K>> {
  const records: RecordOfKind[K][] = [];
  const unreadable: PlainData[] = [];
  for (const stored of await engine.parts.store.list(kind)) {
    try {
      records.push(readRecord(kind, stored));
    } catch (error) {
      const { id, value } = stored;
      unreadable.push(value);
      engine.unrestored.set(id, { kind, id, name: nameIn(value) ?? id, error });
    }
  }
  records.sort((a, b) => a.created - b.created);
  return { records, unreadable };
}

export function isUnreadable({ error }: RestoreProblem): boolean {
  return error instanceof CausewayError && error.code === "record_unreadable";
}

/**
 * Deletes a record that could not be read. What it has in the kernel is swept at the next start.
 *
 * @throws record_not_found
 */
export async function discardRecord(engine: Engine, kind: RecordKind, id: string): Promise<void> {
  const found = engine.unrestored.get(id);
  if (found?.kind !== kind || !isUnreadable(found)) {
    const message = `there is no unreadable record of ${kind} "${id}": controller.problems lists those there are`;
    throw notFound("record_not_found", message, { kind, id });
  }
  await engine.commit(remove(kind, id));
  engine.unrestored.delete(id);
}
