/**
 * What is served, as it is stored: found by its id.
 */
import { notFound } from "../errors.ts";
import type { ServedEndpoint, ServedNetwork } from "./records.ts";

export class ServedObjects {
  readonly networks = new Map<string, ServedNetwork>();
  readonly endpoints = new Map<string, ServedEndpoint>();

  endpointsOf(networkId: string): readonly ServedEndpoint[] {
    return [...this.endpoints.values()].filter(({ spec }) => spec.networkId === networkId);
  }

  /** @throws network_not_found */
  network(id: string): ServedNetwork {
    const network = this.networks.get(id);
    if (network !== undefined) return network;
    throw notFound("network_not_found", `network ${id} is not known here: make it first`, id);
  }

  /** @throws endpoint_not_found */
  endpoint({
    NetworkID,
    EndpointID,
  }: {
    readonly NetworkID: string;
    readonly EndpointID: string;
  }): ServedEndpoint {
    const record = this.endpoints.get(EndpointID);
    if (record?.spec.networkId === NetworkID) return record;
    throw notFound(
      "endpoint_not_found",
      `network ${NetworkID} has no endpoint ${EndpointID}: make it first`,
      EndpointID,
    );
  }
}
