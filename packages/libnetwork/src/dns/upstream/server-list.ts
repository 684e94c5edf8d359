/**
 * Lists of servers: clients with the same servers, asked from the same namespace in the same manner, share one, with what is known of their health, what was
 * answered and what is under way. It goes with its last client.
 */
import { CachePart } from "./cache.ts";
import { ChainedMap } from "./chained-map.ts";
import type { Server } from "./contract.ts";
import type { Exchange } from "./exchange.ts";
import { ServerHealth } from "./health.ts";
import type { Manner } from "./manner.ts";

/** As many as resolv.conf(5) has. */
const mostServers = 3;

export class ServerList {
  readonly key: string;
  readonly manner: Manner;
  /** A server that is silent over one protocol may be well over the other. */
  readonly udp: readonly ServerHealth[];
  readonly tcp: readonly ServerHealth[];
  readonly answers = new CachePart();
  readonly exchanges = new ChainedMap<Exchange>();
  clients = 0;
  #first = -1;

  constructor(key: string, servers: readonly Server[], manner: Manner) {
    this.key = key;
    this.manner = manner;
    this.udp = servers.map((server) => new ServerHealth(server));
    this.tcp = servers.map((server) => new ServerHealth(server));
  }

  /** The place of the server that the next question begins with. */
  nextFirst(): number {
    if (!this.manner.rotates || this.udp.length === 0) return 0;
    this.#first = (this.#first + 1) % this.udp.length;
    return this.#first;
  }
}

export class ServerLists {
  readonly #lists = new Map<string, ServerList>();

  get count(): number {
    return this.#lists.size;
  }

  /** For one client more. */
  take(servers: readonly Server[], manner: Manner): ServerList {
    const counted = servers.slice(0, mostServers);
    const places = counted.map(({ address, port, namespace }) => [address, port, namespace]);
    const key = JSON.stringify([places, manner]);
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = new ServerList(key, counted, manner);
      this.#lists.set(key, list);
    }
    list.clients++;
    return list;
  }

  /** @returns whether that was the last client, and the list is gone. */
  release(list: ServerList): boolean {
    list.clients--;
    if (list.clients > 0) return false;
    this.#lists.delete(list.key);
    return true;
  }
}
