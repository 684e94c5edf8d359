/**
 * PortReservations: host ports held for endpoints, so that nobody else on the host can take them.
 */
import type { PortBinding, PortMapping } from "./driver.ts";

/** An endpoint's addresses, without prefix length; a family that it has not got is left out. */
export interface ContainerAddresses {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

export interface PortReservations {
  /**
   * Reserves all of the mappings or none: exact ports first, then ranges, then any free ones.
   *
   * @param defaultHostAddress where mappings that name no host address are published; default: on all addresses
   * @throws port_in_use, invalid_port, reversed_port_range, host_address_not_found ...
   */
  reserve(
    endpointId: string,
    container: ContainerAddresses,
    mappings: readonly PortMapping[],
    defaultHostAddress?: string,
  ): readonly PortBinding[];
  /** Takes up again, after a restart, what was reserved before. */
  restore(endpointId: string, bindings: readonly PortBinding[]): void;
  /** Releases what is given, or all that the endpoint holds. */
  release(endpointId: string, bindings?: readonly PortBinding[]): void;
  close(): void | Promise<void>;
}
