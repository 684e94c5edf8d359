/**
 * Peers: the endpoints that are joined, told by their hosts, and followed by the hosts that have endpoints in the same network.
 */
import type { PeersListener } from "../contracts/cluster.ts";
import type { Peer } from "../contracts/overlay.ts";
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { PlainData } from "../contracts/store.ts";
import { Debt } from "./debt.ts";
import { hasNoPlace, isDoubtful } from "./failures.ts";
import { peerKind } from "./kinds.ts";
import type { Membership } from "./membership.ts";
import { Mirror } from "./mirror.ts";
import { readPeer } from "./peer-record.ts";

const batchSize = 100;

export class SharedPeers {
  readonly #store: SharedStore;
  readonly #membership: Membership;
  readonly #debt: Debt;
  /** Those of this host, by endpoint: what is stored, or is going to be. */
  readonly #own = new Map<string, Peer>();
  /** What is to be told: endpoint, and its network. */
  readonly #owed = new Map<string, string>();
  /** Endpoints of which others may yet be told: a commit without an answer may happen late. */
  readonly #unsure = new Set<string>();
  readonly #followed = new Map<string, Mirror>();

  /** @param signal aborts when this is used no more */
  constructor(store: SharedStore, membership: Membership, signal: AbortSignal) {
    this.#store = store;
    this.#membership = membership;
    this.#debt = new Debt(store, signal, () => this.#tellAll(), hasNoPlace);
    signal.addEventListener("abort", () => this.#close(), { once: true });
  }

  /** The host's life is a new one: all of its peers are put under it. */
  revived(): void {
    for (const [endpointId, { networkId }] of this.#own) this.#owed.set(endpointId, networkId);
    void this.#debt.pay();
  }

  /** An endpoint has joined here. @throws store_unavailable */
  async put(peer: Peer): Promise<void> {
    await this.#membership.registered();
    await this.#beSure();
    await this.#commit([this.#putting(peer)]);
    this.#own.set(peer.endpointId, peer);
    this.#owed.delete(peer.endpointId);
  }

  /** What is told of an endpoint of this host has changed, or was told by a run before: now, or when the store can be reached. */
  putSoon(peer: Peer): void {
    this.#own.set(peer.endpointId, peer);
    this.#owed.set(peer.endpointId, peer.networkId);
    void this.#debt.pay();
  }

  /** It has left: now, or when the store can be reached. Nothing is wrong with one that is not there. */
  async remove(networkId: string, endpointId: string): Promise<void> {
    this.#own.delete(endpointId);
    this.#owed.set(endpointId, networkId);
    await this.#debt.pay();
  }

  /** Tells of a network's peers, on all hosts, until {@link neglect}; where it does so already, returns when they are told. @throws store_unavailable */
  async attend(networkId: string, listener: PeersListener): Promise<void> {
    const followed = this.#followed.get(networkId) ?? this.#follow(networkId, listener);
    await followed.settled();
  }

  neglect(networkId: string): void {
    this.#followed.get(networkId)?.close();
    this.#followed.delete(networkId);
  }

  #follow(networkId: string, listener: PeersListener): Mirror {
    const { self } = this.#membership;
    const mirror: Mirror = new Mirror(this.#store, peerKind(networkId), (event) => {
      if (event.type === "delete") listener.removed(event.record.id);
      if (event.type === "settled") {
        const peers = [...mirror.records.values()].map((record) => readPeer(networkId, record, self));
        listener.settled(peers.filter((peer) => peer !== undefined));
      }
      // Before they are all told, they are told in one.
      if (event.type !== "put" || !mirror.isSettled) return;
      const peer = readPeer(networkId, event.record, self);
      if (peer === undefined) listener.removed(event.record.id);
      else listener.put(peer);
    });
    this.#followed.set(networkId, mirror);
    return mirror;
  }

  async #tellAll(): Promise<void> {
    await this.#beSure();
    while (this.#owed.size > 0) {
      const batch = [...this.#owed].slice(0, batchSize);
      // What is changed meanwhile is owed again.
      for (const [endpointId] of batch) this.#owed.delete(endpointId);
      await this.#tellBatch(batch).catch((error: unknown) => {
        for (const [endpointId, networkId] of batch) this.#owed.set(endpointId, networkId);
        throw error;
      });
    }
    // All that is so is told: what an earlier run told besides is not so any more.
    await this.#membership.endFormerLives();
  }

  async #tellBatch(batch: readonly (readonly [string, string])[]): Promise<void> {
    const changes = batch.map(([endpointId, networkId]): SharedChange => {
      const peer = this.#own.get(endpointId);
      return peer === undefined
        ? { op: "delete", kind: peerKind(networkId), id: endpointId }
        : this.#putting(peer);
    });
    await this.#commit(changes);
  }

  /** What a host with this one's id has told is not this one's to take back. */
  async #commit(changes: readonly (SharedChange & { readonly id: string })[]): Promise<void> {
    try {
      await this.#membership.commit(changes);
    } catch (error) {
      if (isDoubtful(error)) for (const { id } of changes) this.#unsure.add(id);
      throw error;
    }
  }

  /** What was told before without an answer does not come after what is told now. */
  async #beSure(): Promise<void> {
    const unsure = [...this.#unsure];
    if (unsure.length > 0) await this.#membership.fence();
    for (const endpointId of unsure) this.#unsure.delete(endpointId);
  }

  #putting(peer: Peer): SharedChange {
    const { endpointId, networkId } = peer;
    const value = JSON.parse(JSON.stringify(peer)) as PlainData;
    return { op: "put", kind: peerKind(networkId), id: endpointId, value, lease: this.#membership.life() };
  }

  #close(): void {
    for (const mirror of this.#followed.values()) mirror.close();
    this.#followed.clear();
  }
}
