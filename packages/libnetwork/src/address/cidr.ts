/**
 * CIDRs (RFC 4632, RFC 4291 section 2.3): an address with a prefix length, be it an interface's address
 * (`172.30.0.2/24`) or a subnet, which has no host bits (`172.30.0.0/24`).
 */
import { invalid } from "../errors.ts";
import { addressBits, type Family, IpAddress, tryParseIp } from "./ip.ts";

/** An immutable address with prefix length. Compare with {@link Cidr.equals}, never with `===`. */
export class Cidr {
  readonly address: IpAddress;
  readonly prefixLength: number;

  /** @throws invalid_subnet when the prefix length is not an integer from 0 to 32 (IPv4) or 128 (IPv6). */
  constructor(address: IpAddress, prefixLength: number) {
    const longest = addressBits(address.family);
    if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > longest) {
      throw invalid(
        "invalid_subnet",
        `the prefix length of ${address}/${prefixLength} is out of range: give one from 0 to ${longest}`,
        `${address}/${prefixLength}`,
      );
    }
    this.address = address;
    this.prefixLength = prefixLength;
  }

  get family(): Family {
    return this.address.family;
  }

  /** How many bits are left for hosts. */
  get hostBits(): number {
    return addressBits(this.family) - this.prefixLength;
  }

  /** How many addresses it spans, the network's own and the broadcast address included. */
  get size(): bigint {
    return 1n << BigInt(this.hostBits);
  }

  /** The lowest address: the network's own. */
  get first(): IpAddress {
    const hostBits = BigInt(this.hostBits);
    return new IpAddress(this.family, (this.address.value >> hostBits) << hostBits);
  }

  /** The highest address: in IPv4, the broadcast address. */
  get last(): IpAddress {
    return new IpAddress(this.family, this.address.value | (this.size - 1n));
  }

  /** True without host bits. */
  get isSubnet(): boolean {
    return (this.address.value & (this.size - 1n)) === 0n;
  }

  /** The same without host bits: of `172.30.0.2/24`, `172.30.0.0/24`. */
  get subnet(): Cidr {
    return this.isSubnet ? this : new Cidr(this.first, this.prefixLength);
  }

  contains(address: IpAddress): boolean {
    const hostBits = BigInt(this.hostBits);
    return address.family === this.family && address.value >> hostBits === this.address.value >> hostBits;
  }

  /** True when every address of `other` is in this one. */
  covers(other: Cidr): boolean {
    return this.prefixLength <= other.prefixLength && this.contains(other.address);
  }

  /** True when they have an address in common, that is, when one covers the other. */
  overlaps(other: Cidr): boolean {
    return this.covers(other) || other.covers(this);
  }

  equals(other: Cidr): boolean {
    return this.prefixLength === other.prefixLength && this.address.equals(other.address);
  }

  /** Canonical text, host bits included. */
  toString(): string {
    return `${this.address}/${this.prefixLength}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * Reads an address with prefix length, with or without host bits.
 *
 * @param family where given, a CIDR of the other family is refused.
 * @throws invalid_subnet
 */
export function parseCidr(text: string, family?: Family): Cidr {
  const [addressText = "", lengthText, ...more] = text.split("/");
  const address = tryParseIp(addressText);
  if (
    address === undefined ||
    lengthText === undefined ||
    more.length > 0 ||
    !/^(0|[1-9]\d*)$/.test(lengthText)
  ) {
    throw invalid(
      "invalid_subnet",
      `${JSON.stringify(text)} is not a subnet: write an address and a prefix length, like 172.30.0.0/24 or fd00::/64`,
      text,
    );
  }
  if (family !== undefined && address.family !== family) {
    throw invalid(
      "invalid_subnet",
      `${text} is an IPv${address.family} subnet: give an IPv${family} subnet`,
      text,
    );
  }
  return new Cidr(address, Number(lengthText));
}

/**
 * Reads a subnet: a CIDR without host bits.
 *
 * @param family where given, a subnet of the other family is refused.
 * @throws invalid_subnet, subnet_host_bits
 */
export function parseSubnet(text: string, family?: Family): Cidr {
  const cidr = parseCidr(text, family);
  if (!cidr.isSubnet) {
    throw invalid("subnet_host_bits", `${text} has host bits set: the subnet is ${cidr.subnet}`, text);
  }
  return cidr;
}

/** The address in the text of a CIDR that is known to be one, without its prefix length. */
export function addressOf(cidr: string): string {
  return cidr.slice(0, cidr.indexOf("/"));
}
