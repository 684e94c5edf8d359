/**
 * TunnelEnds: the lives of hosts that encrypt, told by each of itself and followed by all of them.
 */
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { StoredRecord } from "../contracts/store.ts";
import type { TunnelKeys } from "../contracts/tunnel-keys.ts";
import { hasNoPlace, isConflict, warnOfFailure } from "./failures.ts";
import { textOf } from "./fields.ts";
import { tunnelEndKind } from "./kinds.ts";
import type { Membership } from "./membership.ts";
import { Mirror } from "./mirror.ts";

export class TunnelEnds {
  readonly #store: SharedStore;
  readonly #membership: Membership;
  readonly #tunnels: TunnelKeys;
  readonly #signal: AbortSignal;
  /** Of the life of each address that was told last: an earlier one may stand beside it until its lease ends. */
  readonly #newest = new Map<string, number>();
  #life: number | undefined;
  /** The one that is in the store, as far as is known. */
  #told: number | undefined;
  #telling: Promise<void> = Promise.resolve();

  /** @param signal aborts when this is used no more */
  constructor(store: SharedStore, membership: Membership, tunnels: TunnelKeys, signal: AbortSignal) {
    this.#store = store;
    this.#membership = membership;
    this.#tunnels = tunnels;
    this.#signal = signal;
  }

  /** This host is in a life: the first, or another one than before. */
  begin(life: number): void {
    if (this.#life === undefined) this.#follow();
    this.#life = life;
    this.tell();
  }

  /** Tells the others, or tells them again: the host's own life is a new one. */
  tell(): void {
    this.#telling = this.#telling.then(() => this.#put());
  }

  #follow(): void {
    const mirror = new Mirror(this.#store, tunnelEndKind, (event) => {
      if (event.type === "put") this.#take(event.record);
      if (event.type === "settled") this.tell();
    });
    this.#signal.addEventListener("abort", () => mirror.close(), { once: true });
  }

  #take({ id, value, revision }: StoredRecord): void {
    const address = textOf(value, "address");
    const life = Number(id);
    if (address === undefined || !Number.isInteger(life)) return;
    if (textOf(value, "host") === this.#membership.self.id) return;
    if (revision < (this.#newest.get(address) ?? 0)) return;
    this.#newest.set(address, revision);
    warnOfFailure(() => this.#tunnels.putEnd({ address, life }));
  }

  async #put(): Promise<void> {
    const life = this.#life;
    if (life === undefined || !this.#membership.isAlive || this.#signal.aborted) return;
    try {
      const before = await this.#store.get(tunnelEndKind, String(life));
      const { id: host, address } = this.#membership.self;
      if (before !== undefined && textOf(before.value, "host") !== host) return this.#tunnels.beginLife();
      const put: SharedChange = {
        op: "put",
        kind: tunnelEndKind,
        id: String(life),
        value: { host, address },
        lease: this.#membership.life(),
        ifRevision: before?.revision ?? 0,
      };
      const former = this.#told === undefined || this.#told === life ? [] : [String(this.#told)];
      await this.#store.commit([
        put,
        ...former.map((id): SharedChange => ({ op: "delete", kind: tunnelEndKind, id })),
      ]);
      this.#told = life;
    } catch (error) {
      if (isConflict(error)) this.tell();
      // It is told when the store can be reached again, and when the host lives again.
      else if (!hasNoPlace(error)) throw error;
    }
  }
}
