/**
 * What the neighbours of an endpoint may remember of its addresses: another MAC than the one that they have now?
 *
 * The MAC of an endpoint says its IPv4 address (02:42 and its bytes), unless somebody chose another. So a neighbour that
 * remembers such an address remembers the right MAC, whoever had the address when. IPv6 addresses have no such MAC.
 */
import { addressOf } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import { macFromIpv4 } from "../address/mac.ts";
import type { EndpointInterface } from "../contracts/driver.ts";

export class NeighbourMemory {
  /** IPv4 addresses that have had a MAC that does not say them. */
  readonly #chosen = new Set<string>();

  /** Notes what the neighbours of an endpoint get to know. */
  add({ mac, ipv4 }: EndpointInterface): void {
    if (ipv4 !== undefined && mac !== macOf(ipv4)) this.#chosen.add(ipv4);
  }

  /** Whether a neighbour may remember another MAC for an address of this endpoint. */
  mayBeWrong({ mac, ipv4, ipv6 }: EndpointInterface): boolean {
    return ipv6 !== undefined || ipv4 === undefined || mac !== macOf(ipv4) || this.#chosen.has(ipv4);
  }
}

function macOf(cidr: string): string {
  return macFromIpv4(parseIp(addressOf(cidr)));
}
