/**
 * OverlayNetworks: the driver's networks and the endpoints in them, as they stand. Nothing here touches the host.
 */
import type { EndpointSpec } from "../../contracts/driver.ts";
import { notFound } from "../../errors.ts";
import { NeighbourMemory } from "../neighbour-memory.ts";
import type { NetworkPlan } from "./network-plan.ts";
import { PeerTable } from "./peer-table.ts";
import type { Segment } from "./segment.ts";
import { Sightings } from "./sightings.ts";

/** What is stored of a network. */
export interface OverlayState {
  /** VXLAN ids that are the network's; the first is used. */
  readonly vnis: readonly [number, ...number[]];
}

export interface OverlayNetwork extends NetworkPlan, OverlayState {
  readonly endpoints: Map<string, OverlayEndpoint>;
  readonly peers: PeerTable;
  readonly neighbours: NeighbourMemory;
  readonly sightings: Sightings;
  /** While an endpoint of this host is in it. */
  segment: Segment | undefined;
  /** Since the start the cluster has told of all peers: until then what the kernel has counts. */
  peersTold: boolean;
}

export interface OverlayEndpoint {
  readonly spec: EndpointSpec;
  joined: boolean;
}

export class OverlayNetworks implements Iterable<OverlayNetwork> {
  readonly #byId = new Map<string, OverlayNetwork>();

  /** One without endpoints. */
  add(plan: NetworkPlan, { vnis }: OverlayState): OverlayNetwork {
    const network: OverlayNetwork = {
      ...plan,
      vnis,
      endpoints: new Map(),
      peers: new PeerTable(),
      neighbours: new NeighbourMemory(),
      sightings: new Sightings(),
      segment: undefined,
      peersTold: false,
    };
    this.#byId.set(plan.spec.id, network);
    return network;
  }

  remove(networkId: string): void {
    this.#byId.delete(networkId);
  }

  find(networkId: string): OverlayNetwork | undefined {
    return this.#byId.get(networkId);
  }

  /** @throws network_not_found */
  get(networkId: string): OverlayNetwork {
    const network = this.#byId.get(networkId);
    if (network !== undefined) return network;
    throw notFound("network_not_found", `the overlay driver has no network ${networkId}`);
  }

  [Symbol.iterator](): IterableIterator<OverlayNetwork> {
    return this.#byId.values();
  }
}

export function isInUse({ endpoints }: OverlayNetwork): boolean {
  return endpoints.values().some(({ joined }) => joined);
}

/** @throws endpoint_not_found */
export function endpointOf(network: OverlayNetwork, endpointId: string): OverlayEndpoint {
  const endpoint = network.endpoints.get(endpointId);
  if (endpoint !== undefined) return endpoint;
  throw notFound("endpoint_not_found", `network "${network.spec.name}" has no endpoint ${endpointId}`);
}
