/**
 * BridgeNetworks: the driver's networks and the endpoints in them, as they stand. Nothing here touches the host.
 */
import type { EndpointSpec, PortBinding } from "../../contracts/driver.ts";
import { conflict, notFound } from "../../errors.ts";
import { NeighbourMemory } from "../neighbour-memory.ts";
import type { BridgeState } from "./bridge-link.ts";
import type { NetworkPlan } from "./network-plan.ts";

export interface BridgeNetwork extends NetworkPlan {
  /** Another where the bridge had to be made anew. */
  bridge: BridgeState;
  readonly endpoints: Map<string, BridgeEndpoint>;
  readonly neighbours: NeighbourMemory;
}

export interface BridgeEndpoint {
  readonly spec: EndpointSpec;
  bindings: readonly PortBinding[];
  joined: boolean;
}

export class BridgeNetworks implements Iterable<BridgeNetwork> {
  readonly #byId = new Map<string, BridgeNetwork>();
  readonly #byBridge = new Map<string, BridgeNetwork>();

  /** A network that stands, without endpoints. */
  add(plan: NetworkPlan, bridge: BridgeState): void {
    const network = { ...plan, bridge, endpoints: new Map(), neighbours: new NeighbourMemory() };
    this.#byId.set(plan.spec.id, network);
    this.#byBridge.set(plan.policy.bridge, network);
  }

  remove({ spec, policy }: BridgeNetwork): void {
    this.#byId.delete(spec.id);
    this.#byBridge.delete(policy.bridge);
  }

  find(networkId: string): BridgeNetwork | undefined {
    return this.#byId.get(networkId);
  }

  /** @throws network_not_found */
  get(networkId: string): BridgeNetwork {
    const network = this.#byId.get(networkId);
    if (network !== undefined) return network;
    throw notFound("network_not_found", `the bridge driver has no network ${networkId}`);
  }

  /** The one that stands on a bridge. */
  on(bridgeName: string): BridgeNetwork | undefined {
    return this.#byBridge.get(bridgeName);
  }

  /** @throws bridge_in_use */
  refuseTaken(bridgeName: string): void {
    const taker = this.#byBridge.get(bridgeName);
    if (taker === undefined) return;
    const message = `bridge "${bridgeName}" is network "${taker.spec.name}"'s: choose another bridge name`;
    throw conflict("bridge_in_use", message);
  }

  [Symbol.iterator](): IterableIterator<BridgeNetwork> {
    return this.#byId.values();
  }
}

/** @throws endpoint_not_found */
export function endpointOf(network: BridgeNetwork, endpointId: string): BridgeEndpoint {
  const endpoint = network.endpoints.get(endpointId);
  if (endpoint !== undefined) return endpoint;
  throw notFound("endpoint_not_found", `network "${network.spec.name}" has no endpoint ${endpointId}`);
}
