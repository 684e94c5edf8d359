/**
 * What is served, as it is stored: found by its id.
 */
import type { ServedEndpoint, ServedNetwork } from "./records.ts";

export class ServedObjects {
  readonly networks = new Map<string, ServedNetwork>();
  readonly endpoints = new Map<string, ServedEndpoint>();

  endpointsOf(networkId: string): readonly ServedEndpoint[] {
    return [...this.endpoints.values()].filter(({ spec }) => spec.networkId === networkId);
  }
}
