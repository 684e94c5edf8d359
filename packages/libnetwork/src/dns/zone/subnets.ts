/**
 * The subnets of all networks that somebody is in: nobody outside is asked for the names of their addresses.
 */
import { Cidr, parseCidr } from "../../address/cidr.ts";
import type { IpAddress } from "../../address/ip.ts";

interface Counted {
  readonly subnet: Cidr;
  count: number;
}

export class CountedSubnets {
  /** By their texts. */
  readonly #subnets = new Map<string, Counted>();
  /** How many of the subnets have a length, by family and length: an address is looked up once for each. */
  readonly #lengths = { 4: new Map<number, number>(), 6: new Map<number, number>() };

  /** @param subnet a CIDR in canonical text */
  add(subnet: string): void {
    const known = this.#subnets.get(subnet);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const parsed = parseCidr(subnet);
    this.#subnets.set(subnet, { subnet: parsed, count: 1 });
    this.#countLength(parsed, 1);
  }

  /** Once for each time that it was added. */
  remove(subnet: string): void {
    const known = this.#subnets.get(subnet);
    if (known === undefined || --known.count > 0) return;
    this.#subnets.delete(subnet);
    this.#countLength(known.subnet, -1);
  }

  /** Whether an address is in one of them. */
  contain(address: IpAddress): boolean {
    for (const length of this.#lengths[address.family].keys()) {
      if (this.#subnets.has(new Cidr(address, length).subnet.toString())) return true;
    }
    return false;
  }

  #countLength({ family, prefixLength }: Cidr, by: 1 | -1): void {
    const lengths = this.#lengths[family];
    const count = (lengths.get(prefixLength) ?? 0) + by;
    if (count === 0) lengths.delete(prefixLength);
    else lengths.set(prefixLength, count);
  }
}
