/**
 * The addresses of one network that somebody has, on any host, as this host was told: so that it chooses a free one.
 */
import { type Cidr, parseSubnet } from "../address/cidr.ts";
import { type IpAddress, tryParseIp } from "../address/ip.ts";
import type { SharedStore } from "../contracts/shared-store.ts";
import { AddressPool } from "../ipam/address-pool.ts";
import { addressKind } from "./kinds.ts";
import { Mirror } from "./mirror.ts";

export class NetworkAddresses {
  readonly #mirror: Mirror;
  readonly #pools = new Map<string, AddressPool>();

  constructor(store: SharedStore, networkId: string) {
    this.#mirror = new Mirror(store, addressKind(networkId), (event) => {
      if (event.type === "put") this.#took(event.record.id);
      if (event.type === "delete") this.#gave(event.record.id);
    });
  }

  /**
   * A pool of the network.
   *
   * @param subPool automatic addresses are of this part
   * @throws store_unavailable
   */
  async pool(subnet: string, subPool: string | undefined): Promise<AddressPool> {
    await this.#mirror.settled();
    return this.#open(subnet, subPool);
  }

  /** As {@link pool}, where that is known. */
  knownPool(subnet: string, subPool: string | undefined): AddressPool | undefined {
    return this.#mirror.isSettled ? this.#open(subnet, subPool) : undefined;
  }

  /**
   * This host has given an address back. Where it was given back before this was told that somebody had it, it is never told that it is free.
   */
  gaveBack(address: string): void {
    if (!this.#mirror.records.has(address)) this.#gave(address);
  }

  close(): void {
    this.#mirror.close();
  }

  #open(subnet: string, subPool: string | undefined): AddressPool {
    const key = `${subnet} ${subPool}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = new AddressPool(
      parseSubnet(subnet),
      subPool === undefined ? undefined : parseSubnet(subPool),
    );
    this.#pools.set(key, pool);
    for (const address of this.#mirror.records.keys()) noteTaken(pool, address);
    return pool;
  }

  #took(address: string): void {
    for (const pool of this.#pools.values()) noteTaken(pool, address);
  }

  #gave(address: string): void {
    for (const pool of this.#pools.values()) {
      const ip = inPool(pool.subnet, address);
      if (ip !== undefined) pool.release(ip);
    }
  }
}

/** Somebody has the address. One that is taken already stays so, and one that is none of the pool's is nothing to it. */
export function noteTaken(pool: AddressPool, address: string): void {
  const ip = inPool(pool.subnet, address);
  if (ip !== undefined && !pool.isTaken(ip)) pool.take(ip);
}

function inPool(subnet: Cidr, text: string): IpAddress | undefined {
  const ip = tryParseIp(text);
  return ip !== undefined && subnet.contains(ip) ? ip : undefined;
}
