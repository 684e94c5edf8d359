/**
 * What is wanted, by id: so that a thing is removed by its id alone, and everything can be written anew at any time.
 */
import type {
  FirewallChange,
  FirewallRemovals,
  NetworkPolicy,
  PortPolicy,
  PublishedPort,
  TunnelEnd,
  TunnelPolicy,
} from "../contracts/firewall.ts";
import {
  networkElements,
  portElements,
  publishedElements,
  tunnelElements,
  tunnelEndElements,
} from "./elements.ts";
import type { FirewallElement, FirewallSets } from "./sets.ts";

/** The elements that a change takes away and brings, and the way back. */
export interface WantedChange {
  readonly remove: readonly FirewallElement[];
  readonly add: readonly FirewallElement[];
  undo(): void;
}

export class WantedState {
  readonly #networks: Items<NetworkPolicy, Pick<NetworkPolicy, "networkId">>;
  readonly #ports: Items<PortPolicy, Pick<PortPolicy, "endpointId">>;
  readonly #published: Items<PublishedPort, PublishedPort>;
  readonly #tunnels: Items<TunnelPolicy, Pick<TunnelPolicy, "networkId">>;
  readonly #tunnelEnds: Items<TunnelEnd, Pick<TunnelEnd, "saidBy">>;

  constructor(sets: FirewallSets) {
    this.#networks = new Items(
      ({ networkId }) => networkId,
      (network) => networkElements(sets, network),
    );
    this.#ports = new Items(
      ({ endpointId }) => endpointId,
      (port) => portElements(sets, port),
    );
    this.#published = new Items(publishedId, (published) => publishedElements(sets, published));
    this.#tunnels = new Items(
      ({ networkId }) => networkId,
      (tunnel) => tunnelElements(sets, tunnel),
    );
    this.#tunnelEnds = new Items(
      ({ saidBy }) => saidBy,
      (end) => tunnelEndElements(sets, end),
    );
  }

  change({ remove = {}, add = {} }: FirewallChange): WantedChange {
    const log: Log = { removed: [], added: [], undo: [] };
    this.#removeAll(remove, log);
    this.#networks.addAll(add.networks, log);
    this.#ports.addAll(add.ports, log);
    this.#published.addAll(add.published, log);
    this.#tunnels.addAll(add.tunnels, log);
    this.#tunnelEnds.addAll(add.tunnelEnds, log);
    return {
      remove: log.removed,
      add: log.added,
      undo() {
        for (const step of log.undo.reverse()) step();
      },
    };
  }

  get isEmpty(): boolean {
    return [this.#networks, this.#ports, this.#published, this.#tunnels].every((items) => items.isEmpty);
  }

  /** Of everything that is wanted; one that several want is there several times. */
  elements(): readonly FirewallElement[] {
    return [this.#networks, this.#ports, this.#published, this.#tunnels, this.#tunnelEnds].flatMap((items) =>
      items.elements(),
    );
  }

  #removeAll(remove: FirewallRemovals, log: Log): void {
    for (const network of remove.networks ?? []) this.#networks.remove(network, log);
    for (const port of remove.ports ?? []) this.#ports.remove(port, log);
    for (const published of remove.published ?? []) this.#published.remove(published, log);
    for (const tunnel of remove.tunnels ?? []) this.#tunnels.remove(tunnel, log);
    for (const end of remove.tunnelEnds ?? []) this.#tunnelEnds.remove(end, log);
  }
}

/** What is unique about a published port; the host's side alone is not, for a routed network has none. */
function publishedId({ protocol, family, hostAddress, hostPort, address, port }: PublishedPort): string {
  return `${family} ${protocol} ${hostAddress ?? "any"} ${hostPort ?? "none"} ${address} ${port}`;
}

interface Log {
  readonly removed: FirewallElement[];
  readonly added: FirewallElement[];
  readonly undo: (() => void)[];
}

class Items<Item extends Key, Key> {
  readonly #items = new Map<string, Item>();
  readonly #identify: (key: Key) => string;
  readonly #compile: (item: Item) => readonly FirewallElement[];

  constructor(identify: (key: Key) => string, compile: (item: Item) => readonly FirewallElement[]) {
    this.#identify = identify;
    this.#compile = compile;
  }

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  elements(): readonly FirewallElement[] {
    return [...this.#items.values()].flatMap((item) => this.#compile(item));
  }

  /** Puts each item in the place of the one with its id; the last of several with the same id counts. */
  addAll(items: readonly Item[] = [], log: Log): void {
    const byId = new Map(items.map((item) => [this.#identify(item), item]));
    for (const [id, item] of byId) this.#add(id, item, log);
  }

  #add(id: string, item: Item, log: Log): void {
    const elements = this.#compile(item);
    this.remove(item, log);
    this.#items.set(id, item);
    log.added.push(...elements);
    log.undo.push(() => this.#items.delete(id));
  }

  remove(key: Key, log: Log): void {
    const id = this.#identify(key);
    const item = this.#items.get(id);
    if (item === undefined) return;
    this.#items.delete(id);
    log.removed.push(...this.#compile(item));
    log.undo.push(() => this.#items.set(id, item));
  }
}
