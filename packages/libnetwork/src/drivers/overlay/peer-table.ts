/**
 * PeerTable: the endpoints that other hosts have in a network, and the entries of the kernel that follow. Two may claim the same MAC or
 * address while one of them moves: who was told last has it, and an endpoint of this host has it before all of them. Pure.
 */
import type { Peer } from "../../contracts/overlay.ts";
import { type Entry, type EntryKey, entriesOf, isSameEntry } from "./entries.ts";

/** What becomes of the kernel's entries. */
export interface EntryChange {
  readonly remove: readonly Entry[];
  /** New, or in the place of another of the same key. */
  readonly set: readonly Entry[];
}

export class PeerTable {
  readonly #peers = new Map<string, Peer>();
  /** Who claims what, by endpoint, in the order in which they were told. */
  readonly #claims = new Map<EntryKey, Map<string, Entry>>();
  /** Keys of this host's endpoints. */
  readonly #own = new Set<EntryKey>();

  put(peer: Peer): EntryChange {
    const entries = entriesOf(peer);
    const before = this.#peers.get(peer.endpointId);
    const keys = new Set([...(before === undefined ? [] : entriesOf(before).keys()), ...entries.keys()]);
    return this.#changing(keys, () => this.#claim(peer, entries));
  }

  remove(endpointId: string): EntryChange {
    const peer = this.#peers.get(endpointId);
    if (peer === undefined) return { remove: [], set: [] };
    return this.#changing(entriesOf(peer).keys(), () => this.#drop(peer));
  }

  /** From now on these are all that there are. */
  settle(peers: readonly Peer[]): void {
    this.#peers.clear();
    this.#claims.clear();
    for (const peer of peers) this.#claim(peer, entriesOf(peer));
  }

  /** An endpoint of this host has these keys from now on. */
  hold(keys: readonly EntryKey[]): EntryChange {
    return this.#changing(keys, () => {
      for (const key of keys) this.#own.add(key);
    });
  }

  letGo(keys: readonly EntryKey[]): EntryChange {
    return this.#changing(keys, () => {
      for (const key of keys) this.#own.delete(key);
    });
  }

  /** Every entry that the kernel is to have. */
  entries(): ReadonlyMap<EntryKey, Entry> {
    const wanted = new Map<EntryKey, Entry>();
    for (const key of this.#claims.keys()) {
      const entry = this.#entry(key);
      if (entry !== undefined) wanted.set(key, entry);
    }
    return wanted;
  }

  /** After all others, also where it was told before. */
  #claim(peer: Peer, entries: ReadonlyMap<EntryKey, Entry>): void {
    const before = this.#peers.get(peer.endpointId);
    if (before !== undefined) this.#drop(before);
    this.#peers.set(peer.endpointId, peer);
    for (const [key, entry] of entries) {
      const claims = this.#claims.get(key) ?? new Map<string, Entry>();
      this.#claims.set(key, claims.set(peer.endpointId, entry));
    }
  }

  #drop(peer: Peer): void {
    this.#peers.delete(peer.endpointId);
    for (const key of entriesOf(peer).keys()) {
      const claims = this.#claims.get(key);
      claims?.delete(peer.endpointId);
      if (claims?.size === 0) this.#claims.delete(key);
    }
  }

  #entry(key: EntryKey): Entry | undefined {
    if (this.#own.has(key)) return undefined;
    let last: Entry | undefined;
    for (const entry of this.#claims.get(key)?.values() ?? []) last = entry;
    return last;
  }

  #changing(keys: Iterable<EntryKey>, change: () => void): EntryChange {
    const before = new Map([...keys].map((key) => [key, this.#entry(key)]));
    change();
    return difference(before, new Map([...before.keys()].map((key) => [key, this.#entry(key)])));
  }
}

/** How to come from some entries to others, by key. */
export function difference(
  before: ReadonlyMap<EntryKey, Entry | undefined>,
  after: ReadonlyMap<EntryKey, Entry | undefined>,
): EntryChange {
  const remove: Entry[] = [];
  const set: Entry[] = [];
  for (const [key, entry] of before)
    if (entry !== undefined && after.get(key) === undefined) remove.push(entry);
  for (const [key, entry] of after) {
    const old = before.get(key);
    if (entry !== undefined && (old === undefined || !isSameEntry(old, entry))) set.push(entry);
  }
  return { remove, set };
}
