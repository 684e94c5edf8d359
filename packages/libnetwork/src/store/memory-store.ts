/**
 * A store in memory, for unit tests: SqliteStore's behaviour without its durability.
 */
import type { Store, StoreChange, StoredRecord, StoreEvent } from "../contracts/store.ts";
import { storeClosed } from "./failures.ts";
import { checkRevision, decode, encode, type StoredText } from "./record.ts";
import { Watchers } from "./watch.ts";

export class MemoryStore implements Store {
  readonly #kinds = new Map<string, Map<string, StoredText>>();
  #revision = 0;
  #closed = false;
  readonly #watchers = new Watchers();

  get(kind: string, id: string): StoredRecord | undefined {
    this.#mustBeOpen();
    const stored = this.#kinds.get(kind)?.get(id);
    return stored && decode(kind, id, stored);
  }

  list(kind: string): readonly StoredRecord[] {
    this.#mustBeOpen();
    return [...(this.#kinds.get(kind) ?? [])]
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([id, stored]) => decode(kind, id, stored));
  }

  commit(changes: readonly StoreChange[]): number {
    this.#mustBeOpen();
    if (changes.length === 0) return this.#revision;
    const revision = this.#revision + 1;
    const events: StoreEvent[] = [];
    const undo: (() => void)[] = [];
    try {
      for (const change of changes.map(encode)) {
        const { op, kind, id, text } = change;
        const before = this.#kinds.get(kind)?.get(id);
        checkRevision(change, before?.revision ?? 0);
        const value = op === "put" ? text : before?.value;
        if (value === undefined) continue; // a delete of what is not there
        undo.push(() => this.#set(kind, id, before));
        this.#set(kind, id, op === "put" ? { value, revision } : undefined);
        events.push({ type: op, record: decode(kind, id, { value, revision }) });
      }
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
    this.#revision = revision;
    this.#watchers.publish(events);
    return revision;
  }

  watch(kind: string, signal?: AbortSignal): AsyncIterable<StoreEvent> {
    this.#mustBeOpen();
    return this.#watchers.add(kind, signal);
  }

  close(): void {
    this.#closed = true;
    this.#watchers.close();
  }

  #set(kind: string, id: string, stored: StoredText | undefined): void {
    const records = this.#kinds.get(kind) ?? new Map<string, StoredText>();
    this.#kinds.set(kind, records);
    if (stored) records.set(id, stored);
    else records.delete(id);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw storeClosed();
  }
}
