/**
 * Whether a shared store can be reached, and who wants to know when that changes.
 */
import { isDeepStrictEqual } from "node:util";
import type { Availability } from "../../contracts/shared-store.ts";

type Listener = (now: Availability) => void;

export class Reachability {
  #now: Availability;
  readonly #listeners = new Set<Listener>();

  constructor(first: Availability) {
    this.#now = first;
  }

  get now(): Availability {
    return this.#now;
  }

  set(now: Availability): void {
    if (isDeepStrictEqual(now, this.#now)) return;
    this.#now = now;
    for (const listener of [...this.#listeners]) listener(now);
  }

  /** Until the signal aborts. */
  onChange(listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return;
    const own: Listener = (now) => listener(now);
    this.#listeners.add(own);
    signal.addEventListener("abort", () => this.#listeners.delete(own), { once: true });
  }
}
