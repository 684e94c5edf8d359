/**
 * PortReservations: host ports held for endpoints, so that nobody else on the host can take them.
 */
import type { PortBinding, PortMapping } from "./driver.ts";

export interface PortRequest {
  /** The endpoint's addresses, without prefix length; a family that it has not got is undefined. */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly mappings: readonly PortMapping[];
}

export interface PortReservations {
  /**
   * Reserves all of the mappings or none: exact ports first, then ranges, then any free ones.
   *
   * @throws port_in_use, invalid_port, reversed_port_range, host_address_not_found ...
   */
  reserve(endpointId: string, request: PortRequest): readonly PortBinding[];
  /** Takes up again, after a restart, what was reserved before. */
  restore(endpointId: string, bindings: readonly PortBinding[]): void;
  /** Releases what is given, or all that the endpoint holds. */
  release(endpointId: string, bindings?: readonly PortBinding[]): void;
  close(): void | Promise<void>;
}
