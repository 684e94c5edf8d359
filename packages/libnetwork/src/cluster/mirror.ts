/**
 * Mirror: the records of one kind as this host was last told of them.
 */
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import type { FollowEvent, SharedStore } from "../contracts/shared-store.ts";
import type { StoredRecord } from "../contracts/store.ts";
import { hasCode } from "../errors.ts";
import { assertAvailable, storeUnavailable, warnOfFailure } from "./failures.ts";

/** How long events are taken in one go: where thousands come at once, whoever else waits has a turn in between. */
const longestGoMs = 10;
/** Before a kind is followed anew that the store refused to tell of. */
const usualPauseMs = 5000;

export class Mirror {
  readonly records = new Map<string, StoredRecord>();
  readonly #store: SharedStore;
  readonly #following = new AbortController();
  readonly #told: (event: FollowEvent) => void;
  readonly #pauseMs: number;
  #isSettled = false;
  #waiting: PromiseWithResolvers<void>[] = [];

  /** @param told of every event, after it is in {@link records} */
  constructor(
    store: SharedStore,
    kind: string,
    told: (event: FollowEvent) => void = () => undefined,
    pauseMs = usualPauseMs,
  ) {
    this.#store = store;
    this.#told = told;
    this.#pauseMs = pauseMs;
    void this.#follow(kind);
  }

  /** All is told, as far as is known. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /**
   * Returns when all that there is has been told.
   *
   * @throws store_unavailable
   */
  async settled(): Promise<void> {
    if (this.#isSettled) return;
    assertAvailable(this.#store);
    const waiter = Promise.withResolvers<void>();
    this.#waiting.push(waiter);
    await waiter.promise;
  }

  close(): void {
    this.#following.abort();
    this.#fail("this is closed");
  }

  async #follow(kind: string): Promise<void> {
    const { signal } = this.#following;
    let complaint = "";
    for (;;) {
      try {
        await this.#takeAll(kind);
        break;
      } catch (error) {
        if (hasCode(error, "store_closed")) break;
        const text = `records of kind ${kind} cannot be followed: ${String(error)}`;
        // Once for as long as it lasts: what it may not see now it may see later.
        if (this.#isSettled || text !== complaint) process.emitWarning(text);
        complaint = text;
        this.#takeOne({ type: "stale" });
      }
      await pause(this.#pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) break;
    }
    this.#fail("the store is closed");
  }

  async #takeAll(kind: string): Promise<void> {
    const { signal } = this.#following;
    // Of another time that it was followed.
    const former = new Map(this.records);
    let spentMs = 0;
    for await (const event of this.#store.follow(kind, signal)) {
      if (signal.aborted) break;
      const began = performance.now();
      if (event.type === "put") former.delete(event.record.id);
      if (event.type === "settled") {
        for (const record of former.values()) this.#takeOne({ type: "delete", record });
        former.clear();
      }
      this.#takeOne(event);
      // Not what was waited for: else each event would cost a turn, and in a busy process hosts would fall behind.
      spentMs += performance.now() - began;
      if (spentMs < longestGoMs) continue;
      await turn();
      spentMs = 0;
      if (signal.aborted) break;
    }
  }

  /** One event that cannot be dealt with is not the end of all. */
  #takeOne(event: FollowEvent): void {
    this.#take(event);
    warnOfFailure(() => this.#told(event));
  }

  #take(event: FollowEvent): void {
    switch (event.type) {
      case "put":
        this.records.set(event.record.id, event.record);
        break;
      case "delete":
        this.records.delete(event.record.id);
        break;
      case "settled":
        this.#isSettled = true;
        for (const { resolve } of this.#waiting.splice(0)) resolve();
        break;
      case "stale":
        this.#fail("the connection was lost");
    }
  }

  #fail(why: string): void {
    this.#isSettled = false;
    for (const { reject } of this.#waiting.splice(0)) reject(storeUnavailable(why));
  }
}
