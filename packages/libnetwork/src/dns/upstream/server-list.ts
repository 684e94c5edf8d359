/**
 * Lists of servers: clients with the same servers, asked from the same namespace, share one, with what is known of their health, what was
 * answered and what is under way. It goes with its last client.
 */
import { CachePart } from "./cache.ts";
import { ChainedMap } from "./chained-map.ts";
import type { Server } from "./contract.ts";
import type { Exchange } from "./exchange.ts";
import { ServerHealth } from "./health.ts";

/** As many as resolv.conf(5) has. */
const mostServers = 3;

export class ServerList {
  readonly key: string;
  /** A server that is silent over one protocol may be well over the other. */
  readonly udp: readonly ServerHealth[];
  readonly tcp: readonly ServerHealth[];
  readonly answers = new CachePart();
  readonly exchanges = new ChainedMap<Exchange>();
  clients = 0;

  constructor(key: string, servers: readonly Server[]) {
    this.key = key;
    this.udp = servers.map((server) => new ServerHealth(server));
    this.tcp = servers.map((server) => new ServerHealth(server));
  }
}

export class ServerLists {
  readonly #lists = new Map<string, ServerList>();

  get count(): number {
    return this.#lists.size;
  }

  /** For one client more. */
  take(servers: readonly Server[]): ServerList {
    const counted = servers.slice(0, mostServers);
    const key = JSON.stringify(counted.map(({ address, port, namespace }) => [address, port, namespace]));
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = new ServerList(key, counted);
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
