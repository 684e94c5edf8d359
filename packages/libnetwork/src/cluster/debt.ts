/**
 * Debt: what this host has still to say to the store. It is paid at once, or as soon as the store can be reached.
 */
import type { SharedStore } from "../contracts/shared-store.ts";

const pauseMs = 1000;

export class Debt {
  readonly #signal: AbortSignal;
  readonly #payAll: () => Promise<void>;
  readonly #mayWait: (error: unknown) => boolean;
  #paying: Promise<void> | undefined;
  /** Something is owed that who pays at the moment may not have seen. */
  #isMore = false;
  #again: NodeJS.Timeout | undefined;

  /**
   * @param signal aborts when this is used no more
   * @param payAll says all that is owed; what it has not said when it fails is still owed
   * @param mayWait whether what it threw passes by itself
   */
  constructor(
    store: SharedStore,
    signal: AbortSignal,
    payAll: () => Promise<void>,
    mayWait: (error: unknown) => boolean,
  ) {
    this.#signal = signal;
    this.#payAll = payAll;
    this.#mayWait = mayWait;
    store.onAvailability(({ available }) => {
      if (available) void this.pay();
    }, signal);
    signal.addEventListener("abort", () => clearTimeout(this.#again), { once: true });
  }

  /** As far as the store can be reached; the rest later. */
  pay(): Promise<void> {
    this.#isMore = true;
    this.#paying ??= this.#payOn();
    return this.#paying;
  }

  /** That nothing more is owed and that nobody pays any more is one moment: who comes after that begins anew. */
  async #payOn(): Promise<void> {
    try {
      while (this.#isMore) {
        this.#isMore = false;
        await this.#pay();
      }
    } finally {
      this.#paying = undefined;
    }
  }

  async #pay(): Promise<void> {
    clearTimeout(this.#again);
    try {
      await this.#payAll();
    } catch (error) {
      if (!this.#mayWait(error)) throw error;
      // Where the store says that it was away, it is asked sooner.
      if (!this.#signal.aborted) this.#again = setTimeout(() => void this.pay(), pauseMs).unref();
    }
  }
}
