/**
 * SharedKeys: what the tunnels of the cluster are encrypted with. Three generations stand in the store: the last is accepted by all a whole
 * period before it is used, the one before it is used, and the one before that is still on its way.
 *
 * One host is the keeper, as long as it lives, and makes the next generation in time. Whose turn it is etcd decides, by the lease; how
 * long a period is, the keeper's clock.
 */
import type { SharedStore } from "../contracts/shared-store.ts";
import type { StoredRecord } from "../contracts/store.ts";
import type { TunnelKeys } from "../contracts/tunnel-keys.ts";
import { hasNoPlace, isConflict, warnOfFailure } from "./failures.ts";
import { firstGenerations, knownKeys, nextGeneration, untilNext } from "./key-generations.ts";
import { keeperId, keeperKind, tunnelKeyKind } from "./kinds.ts";
import type { Membership } from "./membership.ts";
import { Mirror } from "./mirror.ts";

export interface SharedKeysSettings {
  readonly tunnels: TunnelKeys;
  /** How long a generation is used. */
  readonly periodMs: number;
  /** Aborts when this is used no more. */
  readonly signal: AbortSignal;
}

export class SharedKeys {
  readonly #store: SharedStore;
  readonly #membership: Membership;
  readonly #settings: SharedKeysSettings;
  #keys: Mirror | undefined;
  #keeper: Mirror | undefined;
  /** Generations that were handed on last. */
  #handed = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(store: SharedStore, membership: Membership, settings: SharedKeysSettings) {
    this.#store = store;
    this.#membership = membership;
    this.#settings = settings;
  }

  /** Something is encrypted here from now on. */
  begin(): void {
    if (this.#keys !== undefined || this.#settings.signal.aborted) return;
    const keys = new Mirror(this.#store, tunnelKeyKind, () => this.#handOn());
    const keeper = new Mirror(this.#store, keeperKind, () => this.standForKeeper());
    this.#keys = keys;
    this.#keeper = keeper;
    this.#settings.signal.addEventListener(
      "abort",
      () => {
        keys.close();
        keeper.close();
        clearTimeout(this.#timer);
      },
      { once: true },
    );
  }

  get #records(): ReadonlyMap<string, StoredRecord> {
    return this.#keys?.records ?? new Map();
  }

  #handOn(): void {
    const keys = knownKeys(this.#records.values());
    if (this.#keys?.isSettled !== true) return;
    if (keys.length === 0) return void this.#quietly(() => this.#makeFirst());
    const names = keys.map(({ generation }) => generation).join();
    if (names === this.#handed) return;
    this.#handed = names;
    warnOfFailure(() => this.#settings.tunnels.setKeys(keys));
  }

  /** Of hosts that come to it at a time one is first. */
  async #makeFirst(): Promise<void> {
    await this.#store.commit(firstGenerations());
  }

  /** Becomes the keeper where nobody is, and sees to it that the next generation is made in time where this host is it. */
  standForKeeper(): void {
    const keeper = this.#keeper;
    if (keeper?.isSettled !== true || !this.#membership.isAlive) return;
    const record = keeper.records.get(keeperId);
    if (record === undefined) return void this.#quietly(() => this.#becomeKeeper());
    clearTimeout(this.#timer);
    if (record.value !== this.#membership.self.id) return;
    this.#rotateIn(untilNext(this.#records.values(), this.#settings.periodMs));
  }

  async #becomeKeeper(): Promise<void> {
    const { self } = this.#membership;
    await this.#store.commit([
      {
        op: "put",
        kind: keeperKind,
        id: keeperId,
        value: self.id,
        ifRevision: 0,
        lease: this.#membership.life(),
      },
    ]);
  }

  #rotateIn(milliseconds: number): void {
    this.#timer = setTimeout(() => void this.#quietly(() => this.#rotate()), milliseconds).unref();
  }

  /** One commit: the next generation is there, the oldest is not, and this host was the keeper. */
  async #rotate(): Promise<void> {
    const record = this.#keeper?.records.get(keeperId);
    if (record?.value !== this.#membership.self.id) return;
    const next = nextGeneration(this.#records);
    if (this.#keys?.isSettled !== true || next.length === 0) return this.standForKeeper();
    const stillKeeper = {
      op: "expect",
      kind: keeperKind,
      id: keeperId,
      ifRevision: record.revision,
    } as const;
    await this.#store.commit([stillKeeper, ...next]);
    this.#rotateIn(this.#settings.periodMs);
  }

  /** Another host was faster, or this one has no place now: what is to be done is looked at again when the store tells something. */
  async #quietly(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!isConflict(error) && !hasNoPlace(error)) throw error;
    }
  }
}
