/**
 * What an automatic pool keeps away from: the host's routes and name servers, looked up in O(log n).
 */
import { type Cidr, parseCidr } from "../address/cidr.ts";
import type { Family } from "../address/ip.ts";

export class AvoidedSubnets {
  /** In ascending order, none overlapping another. */
  readonly #subnets: readonly Cidr[];

  /**
   * @param cidrs of either family, host bits allowed; those of the other family do not matter. Default routes are
   * left out: they say where the rest of the world is, not which addresses are in use.
   * @throws invalid_subnet
   */
  constructor(family: Family, cidrs: readonly string[]) {
    const sorted = cidrs
      .map((text) => parseCidr(text).subnet)
      .filter((subnet) => subnet.family === family && subnet.prefixLength > 0)
      .sort(byStartThenWidestFirst);
    const subnets: Cidr[] = [];
    for (const subnet of sorted) {
      if (subnets.at(-1)?.covers(subnet) !== true) subnets.push(subnet);
    }
    this.#subnets = subnets;
  }

  /** The highest avoided subnet that has addresses in common with this one. */
  overlapping(subnet: Cidr): Cidr | undefined {
    const last = subnet.last.value;
    let low = 0;
    let high = this.#subnets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const candidate = this.#subnets[middle];
      if (candidate !== undefined && candidate.address.value <= last) low = middle + 1;
      else high = middle;
    }
    const below = this.#subnets[low - 1];
    return below?.overlaps(subnet) === true ? below : undefined;
  }
}

function byStartThenWidestFirst(a: Cidr, b: Cidr): number {
  if (a.address.value !== b.address.value) return a.address.value < b.address.value ? -1 : 1;
  return a.prefixLength - b.prefixLength;
}
