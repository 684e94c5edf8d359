/**
 * SharedKeys: what the tunnels of the cluster are encrypted with. Three generations stand in the store: the last is accepted by all a whole
 * period before it is used, the one before it is used, and the one before that is still on its way.
 *
 * One host is the keeper, as long as it lives, and makes the next generation in time. Whose turn it is etcd decides, by the lease; how
 * long a period is, the keeper's clock.
 */
import { randomBytes } from "node:crypto";
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { StoredRecord } from "../contracts/store.ts";
import type { ClusterKey, TunnelKeys } from "../contracts/tunnel-keys.ts";
import { isAway, isConflict, isLeaseLost, warnOfFailure } from "./failures.ts";
import { fieldOf, keeperId, keeperKind, textOf, tunnelKeyKind } from "./kinds.ts";
import type { Membership } from "./membership.ts";
import { Mirror } from "./mirror.ts";

const secretBytes = 32;
/** So many generations are accepted. */
const generations = 3;
/** Of a period: a keeper that has just become one waits so long, whatever its clock says, so that the last generation is everywhere. */
const leastWait = 1 / 100;

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
    const keys = new Mirror(this.#store, tunnelKeyKind, () => this.#hand());
    const keeper = new Mirror(this.#store, keeperKind, () => this.stand());
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

  #hand(): void {
    const keys = this.#known();
    if (this.#keys?.isSettled !== true) return;
    if (keys.length === 0) return void this.#quietly(() => this.#makeFirst());
    const names = keys.map(({ generation }) => generation).join();
    if (names === this.#handed) return;
    this.#handed = names;
    warnOfFailure(() => this.#settings.tunnels.setKeys(keys));
  }

  /** Those that count, the oldest first. */
  #known(): readonly ClusterKey[] {
    return [...(this.#keys?.records.values() ?? [])]
      .flatMap((record) => readKey(record) ?? [])
      .sort((a, b) => a.generation - b.generation)
      .slice(-generations);
  }

  /** The one that is used from the start, and the one after it. Of hosts that come to it at a time one is first. */
  async #makeFirst(): Promise<void> {
    await this.#store.commit([newKey(1), newKey(2)]);
  }

  /** Becomes the keeper where nobody is, and sees to it that the next generation is made in time where this host is it. */
  stand(): void {
    const keeper = this.#keeper;
    if (keeper?.isSettled !== true || !this.#membership.isAlive) return;
    const record = keeper.records.get(keeperId);
    if (record === undefined) return void this.#quietly(() => this.#becomeKeeper());
    clearTimeout(this.#timer);
    if (record.value !== this.#membership.self.id) return;
    this.#timer = setTimeout(() => void this.#quietly(() => this.#rotate()), this.#wait()).unref();
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

  #wait(): number {
    const { periodMs } = this.#settings;
    const newest = [...(this.#keys?.records.values() ?? [])].map(({ value }) => fieldOf(value, "madeAt"));
    const madeAt = Math.max(0, ...newest.map((at) => (typeof at === "number" ? at : 0)));
    const left = madeAt === 0 ? periodMs : madeAt + periodMs - Date.now();
    return Math.min(Math.max(left, periodMs * leastWait), periodMs);
  }

  /** One commit: the next generation is there, the oldest is not, and this host was the keeper. */
  async #rotate(): Promise<void> {
    const record = this.#keeper?.records.get(keeperId);
    const keys = this.#known();
    const last = keys.at(-1);
    if (record?.value !== this.#membership.self.id) return;
    if (this.#keys?.isSettled !== true || last === undefined) return this.stand();
    const ids = [...this.#keys.records.keys()];
    const kept = new Set(keys.slice(1 - generations).map(({ generation }) => String(generation)));
    await this.#store.commit([
      { op: "expect", kind: keeperKind, id: keeperId, ifRevision: record.revision },
      newKey(last.generation + 1),
      ...ids
        .filter((id) => !kept.has(id))
        .map((id): SharedChange => ({ op: "delete", kind: tunnelKeyKind, id })),
    ]);
    const { periodMs } = this.#settings;
    this.#timer = setTimeout(() => void this.#quietly(() => this.#rotate()), periodMs).unref();
  }

  /** Another host was faster, or the store is away: what is to be done is looked at again when it tells something. */
  async #quietly(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!isConflict(error) && !isAway(error) && !isLeaseLost(error)) throw error;
    }
  }
}

function newKey(generation: number): SharedChange {
  const value = { secret: randomBytes(secretBytes).toString("base64"), madeAt: Date.now() };
  return { op: "put", kind: tunnelKeyKind, id: String(generation), value, ifRevision: 0 };
}

/** Undefined where it is none: another release has stored it, or somebody by hand. */
function readKey({ id, value }: StoredRecord): ClusterKey | undefined {
  const generation = Number(id);
  const secret = Buffer.from(textOf(value, "secret") ?? "", "base64");
  const isKey = Number.isInteger(generation) && generation > 0 && secret.length === secretBytes;
  return isKey ? { generation, secret: new Uint8Array(secret) } : undefined;
}
