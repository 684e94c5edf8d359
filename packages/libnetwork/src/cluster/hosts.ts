/**
 * The hosts that are alive, as this one is told of them.
 */
import type { HostsListener } from "../contracts/cluster.ts";
import type { ClusterHost } from "../contracts/overlay.ts";
import type { SharedStore } from "../contracts/shared-store.ts";
import type { StoredRecord } from "../contracts/store.ts";
import { hostKind } from "./kinds.ts";
import { Mirror } from "./mirror.ts";
import { readHost } from "./peer-record.ts";

export class Hosts {
  readonly #mirror: Mirror;
  readonly #known = new Map<string, ClusterHost>();

  constructor(store: SharedStore, listener: HostsListener) {
    this.#mirror = new Mirror(store, hostKind, (event) => {
      if (event.type === "put") this.#put(event.record, listener);
      if (event.type === "delete") this.#deleted(event.record.id, listener);
    });
  }

  close(): void {
    this.#mirror.close();
  }

  #put(record: StoredRecord, listener: HostsListener): void {
    const host = readHost(record);
    const before = this.#known.get(record.id);
    if (host === undefined) {
      this.#deleted(record.id, listener);
      return;
    }
    if (before?.address === host.address) return;
    if (before !== undefined) listener.went(before);
    this.#known.set(host.id, host);
    listener.came(host);
  }

  #deleted(id: string, listener: HostsListener): void {
    const host = this.#known.get(id);
    if (host === undefined) return;
    this.#known.delete(id);
    listener.went(host);
  }
}
