/**
 * The addresses of one pool: which are in use, and which comes next.
 */
import type { Cidr } from "../address/cidr.ts";
import { IpAddress } from "../address/ip.ts";
import type { PoolStatus } from "../contracts/ipam.ts";
import { CausewayError, conflict, invalid } from "../errors.ts";
import { OffsetSet } from "./offset-set.ts";

/**
 * Addresses are handed out in ascending order and, after the last, from the start again, so that a freed address rests
 * as long as possible: what is freed is not the next to be handed out, unless it is the only one.
 *
 * Reserved are the network's own address (in IPv6, the subnet routers' anycast address) and the IPv4 broadcast address;
 * in /31 and /127 none is (RFC 3021, RFC 6164).
 */
export class AddressPool {
  readonly subnet: Cidr;
  /** The subnet's first address, from which offsets count. */
  readonly #start: bigint;
  /** Automatic choices are made in it; the subnet itself where there is no sub-pool. */
  readonly #range: Cidr;
  /** The offsets of all that is in use or reserved. */
  readonly #taken: OffsetSet;
  readonly #reserved: readonly bigint[];
  /** The range's ends, as offsets. */
  readonly #first: bigint;
  readonly #last: bigint;
  /** Where the next automatic choice starts to look: from the first to one past the last. */
  #cursor: bigint;
  /** In use within the range. */
  #used = 0n;

  constructor(subnet: Cidr, subPool: Cidr | undefined) {
    this.subnet = subnet;
    this.#start = subnet.first.value;
    this.#range = subPool ?? subnet;
    this.#first = this.#range.first.value - this.#start;
    this.#last = this.#range.last.value - this.#start;
    this.#cursor = this.#first;
    this.#taken = new OffsetSet(subnet.hostBits);
    this.#reserved = reservedOffsets(subnet);
    for (const offset of this.#reserved) this.#taken.add(offset);
  }

  /** The next address in turn. @throws no_free_address */
  takeNext(): IpAddress {
    const offset = this.#nextInTurn() ?? this.#throwNoFreeAddress();
    this.#cursor = offset + 1n;
    return this.#take(offset);
  }

  /** The lowest free address, which is what a gateway gets; the turn does not move. @throws no_free_address */
  takeLowest(): IpAddress {
    return this.#take(this.#freeBetween(this.#first, this.#last) ?? this.#throwNoFreeAddress());
  }

  /**
   * A free address within the range, which is not taken by this: the first from a place on, counted from the range's start and around it
   * as often as need be.
   *
   * @throws no_free_address
   */
  freeFrom(place: bigint): IpAddress {
    const start = this.#first + (place % this.#range.size);
    const offset = this.#freeBetween(start, this.#last) ?? this.#freeBetween(this.#first, start - 1n);
    return new IpAddress(this.subnet.family, this.#start + (offset ?? this.#throwNoFreeAddress()));
  }

  /** @throws address_out_of_range, address_reserved */
  isTaken(address: IpAddress): boolean {
    return this.#taken.has(this.#offsetOf(address));
  }

  /**
   * This very address, which may lie outside the sub-pool; the turn does not move.
   *
   * @throws address_out_of_range, address_reserved, address_in_use
   */
  take(address: IpAddress): IpAddress {
    const offset = this.#offsetOf(address);
    if (this.#taken.has(offset)) {
      throw conflict(
        "address_in_use",
        `address ${address} is in use in ${this.subnet}: choose another one, or leave it out to get the next free one`,
        { address: address.toString(), pool: this.subnet.toString() },
      );
    }
    return this.#take(offset);
  }

  /** Takes an address that was given in turn before: the turn goes on after it. @throws as {@link take} */
  takeAgain(address: IpAddress): IpAddress {
    const taken = this.take(address);
    const offset = this.#offsetOf(address);
    if (this.#isInRange(offset) && offset >= this.#cursor) this.#cursor = offset + 1n;
    return taken;
  }

  /** Frees an address; one that is free already stays so. @throws address_out_of_range, address_reserved */
  release(address: IpAddress): void {
    const offset = this.#offsetOf(address);
    if (!this.#taken.delete(offset)) return;
    if (this.#isInRange(offset)) this.#used--;
    if (this.#nextInTurn() === offset) this.#cursor = offset + 1n;
  }

  /** Counts the sub-pool where there is one: size less used is what automatic choices have left. */
  status(): PoolStatus {
    const reserved = this.#reserved.filter((offset) => this.#isInRange(offset)).length;
    return { pool: this.subnet.toString(), size: this.#range.size - BigInt(reserved), used: this.#used };
  }

  #take(offset: bigint): IpAddress {
    this.#taken.add(offset);
    if (this.#isInRange(offset)) this.#used++;
    return new IpAddress(this.subnet.family, this.#start + offset);
  }

  #nextInTurn(): bigint | undefined {
    return this.#freeBetween(this.#cursor, this.#last) ?? this.#freeBetween(this.#first, this.#cursor - 1n);
  }

  #freeBetween(first: bigint, last: bigint): bigint | undefined {
    const offset = this.#taken.nextAbsent(first);
    return offset === undefined || offset > last ? undefined : offset;
  }

  #isInRange(offset: bigint): boolean {
    return offset >= this.#first && offset <= this.#last;
  }

  #offsetOf(address: IpAddress): bigint {
    const { subnet } = this;
    if (!subnet.contains(address)) {
      const usable = (from: bigint, step: bigint) =>
        new IpAddress(subnet.family, this.#start + from + (this.#reserved.includes(from) ? step : 0n));
      throw invalid(
        "address_out_of_range",
        `address ${address} is outside ${subnet}: choose one from ${usable(0n, 1n)} to ${usable(subnet.size - 1n, -1n)}`,
        { address: address.toString(), pool: subnet.toString() },
      );
    }
    const offset = address.value - this.#start;
    if (this.#reserved.includes(offset)) {
      const role = offset === 0n ? "the network's own" : "the broadcast";
      throw invalid(
        "address_reserved",
        `address ${address} is ${role} address of ${subnet}: choose another one`,
        { address: address.toString(), pool: subnet.toString() },
      );
    }
    return offset;
  }

  #throwNoFreeAddress(): never {
    const where =
      this.#range === this.subnet ? `${this.subnet}` : `${this.#range}, the sub-pool of ${this.subnet}`;
    const { size, used } = this.status();
    throw new CausewayError(
      "unavailable",
      "no_free_address",
      `no address is free in ${where}: ${used} of ${size} are in use; remove an endpoint, or use a network with a larger subnet`,
      { detail: { pool: this.subnet.toString() } },
    );
  }
}

function reservedOffsets(subnet: Cidr): readonly bigint[] {
  if (subnet.hostBits < 2) return [];
  return subnet.family === 4 ? [0n, subnet.size - 1n] : [0n];
}
