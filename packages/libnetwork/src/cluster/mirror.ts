/**
 * Mirror: the records of one kind as this host was last told of them.
 */
import type { FollowEvent, SharedStore } from "../contracts/shared-store.ts";
import type { StoredRecord } from "../contracts/store.ts";
import { assertAvailable, storeUnavailable } from "./failures.ts";

export class Mirror {
  readonly records = new Map<string, StoredRecord>();
  readonly #store: SharedStore;
  readonly #following = new AbortController();
  readonly #told: (event: FollowEvent) => void;
  #isSettled = false;
  #waiting: PromiseWithResolvers<void>[] = [];

  /** @param told of every event, after it is in {@link records} */
  constructor(store: SharedStore, kind: string, told: (event: FollowEvent) => void = () => undefined) {
    this.#store = store;
    this.#told = told;
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
  settled(): Promise<void> {
    if (this.#isSettled) return Promise.resolve();
    assertAvailable(this.#store);
    const waiter = Promise.withResolvers<void>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  close(): void {
    this.#following.abort();
    this.#fail("this is closed");
  }

  async #follow(kind: string): Promise<void> {
    const { signal } = this.#following;
    for await (const event of this.#store.follow(kind, signal)) {
      if (signal.aborted) break;
      this.#take(event);
      this.#told(event);
    }
    this.#fail("the store is closed");
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
