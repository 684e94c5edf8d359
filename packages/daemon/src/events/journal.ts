/**
 * What happened, remembered for a while: readers come back and go on after the last event that they saw.
 */
import { randomBytes } from "node:crypto";
import type { Event } from "../api/index.ts";

/** How many events are remembered: Docker remembers 256. */
const longestMemory = 4096;
/** A reader that is this far behind loses the oldest. */
const longestBacklog = 10_000;

export type JournalEntry = Readonly<Event>;

export interface JournalReader {
  /** Begin after this event, or at the oldest that is remembered where it is not. Default: with what happens from now on. */
  readonly after?: string;
  /** Begin with what happened since then, as far as it is remembered: milliseconds since the epoch. */
  readonly since?: number;
  readonly signal?: AbortSignal;
}

export class Journal {
  /** Tells this run's ids from an earlier one's. */
  readonly #run = randomBytes(4).toString("hex");
  readonly #readers = new Set<(entry: JournalEntry) => void>();
  #remembered: JournalEntry[] = [];
  #count = 0;
  readonly #closing = new AbortController();

  /** Ends every reader, and whoever comes to read: the daemon is about to end. */
  close(): void {
    this.#closing.abort();
  }

  add(entry: Omit<JournalEntry, "id">): void {
    const noted: JournalEntry = { id: `${this.#run}-${++this.#count}`, ...entry };
    this.#remembered.push(noted);
    // Half at a time: to take one from the front of a long list is slow.
    if (this.#remembered.length > 2 * longestMemory) this.#remembered = this.#remembered.slice(longestMemory);
    for (const reader of this.#readers) reader(noted);
  }

  /** What is remembered, the oldest first. */
  remembered({ after, since }: Pick<JournalReader, "after" | "since"> = {}): readonly JournalEntry[] {
    const entries = this.#remembered;
    if (after !== undefined) {
      const at = entries.findIndex(({ id }) => id === after);
      return at < 0 ? entries : entries.slice(at + 1);
    }
    return since === undefined ? [] : entries.filter(({ time }) => time >= since);
  }

  /** Ends when the signal aborts, or the journal closes. */
  async *read(reader: JournalReader = {}): AsyncGenerator<JournalEntry> {
    const waiting: JournalEntry[] = [...this.remembered(reader)];
    let wake: () => void = () => undefined;
    const note = (entry: JournalEntry) => {
      if (waiting.push(entry) > longestBacklog) waiting.shift();
      wake();
    };
    const stop = () => wake();
    this.#readers.add(note);
    const ending = this.#closing.signal;
    const signal = reader.signal === undefined ? ending : AbortSignal.any([ending, reader.signal]);
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        const entry = waiting.shift();
        if (entry !== undefined) yield entry;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      this.#readers.delete(note);
      signal.removeEventListener("abort", stop);
    }
  }
}
