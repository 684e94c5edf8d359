/**
 * OwnPeers: what other hosts are told of this one's endpoints, and that they are told of changes alone.
 */
import { familyOf } from "../../address/ip.ts";
import type { Cluster } from "../../contracts/cluster.ts";
import type { Peer } from "../../contracts/overlay.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { addressesOf, namesOf } from "../names/sandbox-names.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { memberState } from "../services/members.ts";
import type { UndoStack } from "../undo.ts";

export class OwnPeers {
  readonly #cluster: Pick<Cluster, "self" | "peers">;
  /** By endpoint, what was told of it last, as text. */
  readonly #told = new Map<string, string>();

  constructor(cluster: Pick<Cluster, "self" | "peers">) {
    this.#cluster = cluster;
  }

  /** It has joined: the others know, when this returns. @throws store_unavailable */
  async joined(endpoint: EndpointCore, sandbox: SandboxCore, undo: UndoStack): Promise<void> {
    const { network, id } = endpoint;
    if (this.#told.has(id)) {
      this.putSoon(endpoint, sandbox);
      return;
    }
    const peer = this.#peerOf(endpoint, sandbox);
    undo.push(() => this.#cluster.peers.remove(network.id, id));
    await this.#cluster.peers.put(peer);
    this.#told.set(id, JSON.stringify(peer));
  }

  /** Something of it may have changed: the others are told, where they were told of it before. */
  changed(endpoint: EndpointCore, sandbox: SandboxCore): void {
    if (this.#told.has(endpoint.id)) this.putSoon(endpoint, sandbox);
  }

  /** The others are told now, or when the store can be reached. */
  putSoon(endpoint: EndpointCore, sandbox: SandboxCore): void {
    const peer = this.#peerOf(endpoint, sandbox);
    const text = JSON.stringify(peer);
    if (this.#told.get(endpoint.id) === text) return;
    this.#told.set(endpoint.id, text);
    this.#cluster.peers.putSoon(peer);
  }

  /** The next time that it joins it is told anew. */
  forget(endpointId: string): void {
    this.#told.delete(endpointId);
  }

  #peerOf(endpoint: EndpointCore, sandbox: SandboxCore): Peer {
    const { id, network, record } = endpoint;
    const { service } = record.options;
    const [ipv4, ipv6] = [4, 6].map((family) =>
      addressesOf(endpoint).find((address) => familyOf(address) === family),
    );
    return {
      endpointId: id,
      networkId: network.id,
      hostId: this.#cluster.self.id,
      hostAddress: this.#cluster.self.address,
      mac: record.interface.mac,
      ...(ipv4 !== undefined && { ipv4 }),
      ...(ipv6 !== undefined && { ipv6 }),
      names: namesOf(endpoint, sandbox),
      ports: record.options.namedPorts,
      ...(service !== undefined && { service: { name: service.name, state: memberState(endpoint) } }),
    };
  }
}
