/**
 * Attendance: of which networks this host hears who is where, for endpoints of its own are joined in them.
 */
import type { Cluster } from "../../contracts/cluster.ts";
import type { Peer } from "../../contracts/overlay.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { NetworkPeers } from "./network-peers.ts";

interface Attended {
  readonly peers: NetworkPeers;
  /** Ids of this host's endpoints. */
  readonly joined: Set<string>;
}

export class Attendance {
  readonly #cluster: Pick<Cluster, "self" | "peers">;
  readonly #attended = new Map<string, Attended>();

  constructor(cluster: Pick<Cluster, "self" | "peers">) {
    this.#cluster = cluster;
  }

  /** Whether the endpoint's network is attended for its sake. */
  has({ network, id }: EndpointCore): boolean {
    return this.#attended.get(network.id)?.joined.has(id) === true;
  }

  /** Returns when its network's driver has been told of all peers. @throws store_unavailable */
  async enter({ network, id }: EndpointCore): Promise<void> {
    let attended = this.#attended.get(network.id);
    if (attended === undefined) {
      attended = { peers: new NetworkPeers(network, this.#cluster.self.id), joined: new Set() };
      this.#attended.set(network.id, attended);
    }
    attended.joined.add(id);
    await this.#cluster.peers.attend(network.id, attended.peers);
  }

  /** With the last endpoint nothing more is heard of the network. */
  leave(networkId: string, endpointId: string): void {
    const attended = this.#attended.get(networkId);
    attended?.joined.delete(endpointId);
    if (attended?.joined.size === 0) this.#neglect(networkId);
  }

  /** Endpoints that other hosts have in a network. */
  peersIn(networkId: string): readonly Peer[] {
    return this.#attended.get(networkId)?.peers.ofOthers() ?? [];
  }

  /** Its driver is told of them once more. */
  tellAgain(networkId: string): void {
    this.#attended.get(networkId)?.peers.tellAgain();
  }

  close(): void {
    for (const networkId of [...this.#attended.keys()]) this.#neglect(networkId);
  }

  #neglect(networkId: string): void {
    this.#cluster.peers.neglect(networkId);
    this.#attended.get(networkId)?.peers.close();
    this.#attended.delete(networkId);
  }
}
