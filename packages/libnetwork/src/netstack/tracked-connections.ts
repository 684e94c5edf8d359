/**
 * The host's tracked connections: a glance at the table tells most often that nothing is meant; otherwise the reaper's thread
 * makes a pass.
 */
import { type Conntrack, type Reaper, withReserve } from "@causeway/kernel";
import type { ConnectionFilter, ConnectionTable } from "../contracts/connections.ts";

export class TrackedConnections implements ConnectionTable {
  readonly #conntrack: Conntrack;
  readonly #reaper: Reaper;
  /** What is to be forgotten later, all in the next turn of the event loop: one glance serves for many that leave. */
  #later: ConnectionFilter[] = [];
  #pass: Promise<void> | undefined;

  constructor(conntrack: Conntrack, reaper: Reaper) {
    this.#conntrack = conntrack;
    this.#reaper = reaper;
  }

  async forget(filters: readonly ConnectionFilter[]): Promise<void> {
    if (this.#mayHave(filters)) await this.#reaper.forgetConnections(filters);
  }

  forgetLater(filters: readonly ConnectionFilter[]): Promise<void> {
    this.#later.push(...filters);
    if (this.#pass === undefined) {
      this.#pass = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#forgetAll());
      this.#reaper.later(this.#pass);
    }
    return this.#pass;
  }

  /** When all is forgotten that was to be forgotten later. */
  async close(): Promise<void> {
    await this.#pass?.catch(() => undefined);
  }

  /** Where the glance fails, the pass tells. */
  #mayHave(filters: readonly ConnectionFilter[]): boolean {
    try {
      return withReserve(() => this.#conntrack.mayHave(filters));
    } catch {
      return true;
    }
  }

  #forgetAll(): Promise<void> {
    const filters = this.#later;
    this.#later = [];
    this.#pass = undefined;
    return this.forget(filters);
  }
}
