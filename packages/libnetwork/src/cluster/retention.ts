/**
 * Retention: what a host held that has been gone for longer than that is anybody's again. Every host sees to it; each commit expects that
 * the host's claim is absent still, so one that comes back meanwhile keeps what it has.
 */
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import { deleteHeld } from "./allocations.ts";
import { isAway } from "./failures.ts";
import { claimKind, heldKind, holderKind } from "./kinds.ts";
import { Mirror } from "./mirror.ts";

/** Hosts hear of one that is gone at the same time; the first to come does the work. */
const longestDelayMs = 2000;

export class Retention {
  readonly #store: SharedStore;
  readonly #claims: Mirror;
  readonly #longestDelayMs: number;
  #sweeping: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: SharedStore, delayMs = longestDelayMs) {
    this.#store = store;
    this.#longestDelayMs = delayMs;
    this.#claims = new Mirror(store, claimKind, ({ type }) => {
      if (type === "settled" || type === "delete") this.#sweepLater();
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#claims.close();
    await this.#sweeping;
  }

  #sweepLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#sweeping = this.#sweeping.then(() => this.#trySweep());
    }, Math.random() * this.#longestDelayMs).unref();
  }

  async #trySweep(): Promise<void> {
    try {
      await sweepHolders(this.#store);
    } catch (error) {
      // When it is there again, the claims are told anew.
      if (!isAway(error)) process.emitWarning(String(error));
    }
  }
}

/** Gives back what hosts hold that have no claim. @throws store_unavailable */
export async function sweepHolders(store: SharedStore): Promise<void> {
  const holders = await store.list(holderKind);
  const claims = new Set((await store.list(claimKind)).map(({ id }) => id));
  for (const holder of holders) {
    if (claims.has(holder.id)) continue;
    const absent: SharedChange = { op: "expect", kind: claimKind, id: holder.id, ifRevision: 0 };
    const held = await store.list(heldKind(holder.id));
    const isGone = await deleteHeld(store, held, absent);
    const isEmpty = isGone && (await store.list(heldKind(holder.id))).length === 0;
    if (isEmpty) await forget(store, holder.id, absent, holder.revision);
  }
}

async function forget(store: SharedStore, id: string, absent: SharedChange, revision: number): Promise<void> {
  try {
    await store.commit([absent, { op: "delete", kind: holderKind, id, ifRevision: revision }]);
  } catch (error) {
    if (isAway(error)) throw error;
    // It is back, or another host was faster.
  }
}
