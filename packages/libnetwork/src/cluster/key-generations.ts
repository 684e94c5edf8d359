/**
 * Generations of the secret that tunnels are encrypted with, as they are stored: which count, which is next, and when it is due. Data from data.
 */
import { randomBytes } from "node:crypto";
import type { SharedChange } from "../contracts/shared-store.ts";
import type { StoredRecord } from "../contracts/store.ts";
import type { ClusterKey } from "../contracts/tunnel-keys.ts";
import { fieldOf, textOf } from "./fields.ts";
import { tunnelKeyKind } from "./kinds.ts";

const secretBytes = 32;
/** So many are accepted. */
const mostGenerations = 3;
/** Of a period: a keeper that has just become one waits so long, whatever its clock says, so that the last generation is everywhere. */
const leastWait = 1 / 100;

/** Those that count, the oldest first. */
export function knownKeys(records: Iterable<StoredRecord>): readonly ClusterKey[] {
  return [...records]
    .flatMap((record) => readKey(record) ?? [])
    .sort((a, b) => a.generation - b.generation)
    .slice(-mostGenerations);
}

/** The one that is used from the start, and the one after it. */
export function firstGenerations(): readonly SharedChange[] {
  return [newKey(1), newKey(2)];
}

/** What makes the next one, and deletes those that are accepted no more. None where there is no first one. */
export function nextGeneration(records: ReadonlyMap<string, StoredRecord>): readonly SharedChange[] {
  const keys = knownKeys(records.values());
  const last = keys.at(-1);
  if (last === undefined) return [];
  const kept = new Set(keys.slice(1 - mostGenerations).map(({ generation }) => String(generation)));
  const old = [...records.keys()].filter((id) => !kept.has(id));
  return [
    newKey(last.generation + 1),
    ...old.map((id): SharedChange => ({ op: "delete", kind: tunnelKeyKind, id })),
  ];
}

/** How long a keeper that has just become one waits before it makes the next generation, milliseconds: by its own clock, within a period. */
export function untilNext(records: Iterable<StoredRecord>, periodMs: number): number {
  const times = [...records].map(({ value }) => fieldOf(value, "madeAt"));
  const newest = Math.max(0, ...times.map((at) => (typeof at === "number" ? at : 0)));
  const left = newest === 0 ? periodMs : newest + periodMs - Date.now();
  return Math.min(Math.max(left, periodMs * leastWait), periodMs);
}

function newKey(generation: number): SharedChange {
  const value = { secret: randomBytes(secretBytes).toString("base64"), madeAt: Date.now() };
  return { op: "put", kind: tunnelKeyKind, id: String(generation), value, ifRevision: 0 };
}

/** Undefined where it is none. */
function readKey({ id, value }: StoredRecord): ClusterKey | undefined {
  const generation = Number(id);
  const secret = Buffer.from(textOf(value, "secret") ?? "", "base64");
  const isKey = Number.isInteger(generation) && generation > 0 && secret.length === secretBytes;
  return isKey ? { generation, secret: new Uint8Array(secret) } : undefined;
}
