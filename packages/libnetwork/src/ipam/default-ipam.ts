/**
 * DefaultIpam: pools of the local and the global address space, kept in memory and answered at once.
 */
import { type Family, type IpAddress, parseIp } from "../address/ip.ts";
import {
  type AddressLease,
  type AddressRequest,
  type AddressSpaces,
  gatewayAddressType,
  type Ipam,
  type IpamCapabilities,
  type Pool,
  type PoolRequest,
  type PoolStatus,
  replayedAddressType,
  requestAddressType,
} from "../contracts/ipam.ts";
import { notFound } from "../errors.ts";
import { AddressPool } from "./address-pool.ts";
import { type PoolRange, poolRanges } from "./default-ranges.ts";
import { freeSubnet, refuseOverlap, type Space } from "./free-subnet.ts";
import { checkedPoolRequest } from "./pool-request.ts";
import { SubnetTree } from "./subnet-tree.ts";

export interface DefaultIpamOptions {
  /** Stable and different on every host, the controller's id for one: automatic IPv6 pools are derived from it. */
  readonly seed: string;
  /** Where automatic pools come from, in this order; default: see default-ranges.ts. */
  readonly defaultPools?: {
    readonly local?: readonly PoolRange[];
    readonly global?: readonly PoolRange[];
  };
}

const spaceNames = ["local", "global"] as const;
type SpaceName = (typeof spaceNames)[number];
const families = [4, 6] as const;

/** Its ranges can be configured anew. */
interface ChangingSpace extends Space {
  ranges: Space["ranges"];
}

type DefaultPools = NonNullable<DefaultIpamOptions["defaultPools"]>;

/**
 * The built-in IPAM. A pool with a sub-pool takes its whole subnet: another request for the same subnet overlaps it,
 * whatever its sub-pool.
 */
export class DefaultIpam implements Ipam {
  readonly name = "default";
  readonly capabilities: IpamCapabilities = { requiresMacAddress: false, requiresRequestReplay: true };
  readonly remote = false;
  readonly #seed: string;
  readonly #spaces: Readonly<Record<SpaceName, Readonly<Record<Family, ChangingSpace>>>>;
  readonly #pools = new Map<string, { readonly space: Space; readonly addresses: AddressPool }>();

  /** @throws invalid_subnet, subnet_host_bits, invalid_default_pool when `defaultPools` is malformed. */
  constructor(options: DefaultIpamOptions) {
    this.#seed = options.seed;
    const space = (family: Family): ChangingSpace => ({ taken: new SubnetTree(family), ranges: [] });
    this.#spaces = { local: { 4: space(4), 6: space(6) }, global: { 4: space(4), 6: space(6) } };
    this.setDefaultPools(options.defaultPools ?? {});
  }

  /**
   * From now on, automatic pools come from here; those that are taken stay.
   *
   * @throws invalid_subnet, subnet_host_bits, invalid_default_pool, and leaves everything as it was
   */
  setDefaultPools(defaultPools: DefaultPools): void {
    const wanted = spaceNames.flatMap((name) =>
      families.map((family) => {
        const ranges = poolRanges(name, family, defaultPools[name] ?? [], this.#seed);
        return { space: this.#spaces[name][family], ranges };
      }),
    );
    for (const { space, ranges } of wanted) space.ranges = ranges;
  }

  defaultAddressSpaces(): AddressSpaces {
    return { local: "local", global: "global" };
  }

  /**
   * @throws address_space_not_found, invalid_subnet, subnet_host_bits, subnet_too_small, unusable_subnet, pool_overlap,
   * no_free_pool, sub_pool_without_pool, sub_pool_out_of_range
   */
  requestPool(request: PoolRequest): Pool {
    const family = request.v6 ? 6 : 4;
    const space = this.#space(request.addressSpace, family);
    const { exact, prefixLength, subPool } = checkedPoolRequest(request);
    if (exact !== undefined) refuseOverlap(exact, space.taken, request.addressSpace);
    const subnet = exact ?? freeSubnet(space, family, request.avoid ?? [], prefixLength);
    const poolId = [request.addressSpace, subnet, ...(subPool === undefined ? [] : [subPool])].join("/");
    space.taken.add(subnet);
    this.#pools.set(poolId, { space, addresses: new AddressPool(subnet, subPool) });
    return { poolId, pool: subnet.toString() };
  }

  /** Lets the pool go with all addresses in it. @throws pool_not_found */
  releasePool(poolId: string): void {
    const { space, addresses } = this.#pool(poolId);
    space.taken.delete(addresses.subnet);
    this.#pools.delete(poolId);
  }

  /**
   * An exact address may lie outside the sub-pool; automatic ones never do. A gateway gets the lowest free address, an
   * endpoint the next in turn. A replayed address ({@link replayedAddressType}) moves the turn past it.
   *
   * @throws pool_not_found, invalid_address, address_out_of_range, address_reserved, address_in_use, no_free_address
   */
  requestAddress(request: AddressRequest): AddressLease {
    const { addresses } = this.#pool(request.poolId);
    const address = chooseAddress(addresses, request);
    return { address: `${address}/${addresses.subnet.prefixLength}` };
  }

  /**
   * An address that is free already stays so: whoever cleans up after a crash need not know how far things had come.
   *
   * @throws pool_not_found, invalid_address, address_out_of_range, address_reserved
   */
  releaseAddress(poolId: string, address: string): void {
    this.#pool(poolId).addresses.release(parseIp(address));
  }

  /** Counts the sub-pool where there is one. */
  status(poolId: string): PoolStatus | undefined {
    return this.#pools.get(poolId)?.addresses.status();
  }

  #space(name: string, family: Family): Space {
    const known = spaceNames.find((spaceName) => spaceName === name);
    if (known === undefined) {
      throw notFound(
        "address_space_not_found",
        `address space ${JSON.stringify(name)} does not exist: use local or global`,
        name,
      );
    }
    return this.#spaces[known][family];
  }

  #pool(poolId: string): { readonly space: Space; readonly addresses: AddressPool } {
    const pool = this.#pools.get(poolId);
    if (pool === undefined) {
      throw notFound(
        "pool_not_found",
        `pool ${JSON.stringify(poolId)} does not exist: request it first`,
        poolId,
      );
    }
    return pool;
  }
}

function chooseAddress(addresses: AddressPool, request: AddressRequest): IpAddress {
  const type = request.options?.[requestAddressType];
  if (request.address !== undefined) {
    const address = parseIp(request.address);
    return type === replayedAddressType ? addresses.takeAgain(address) : addresses.take(address);
  }
  return type === gatewayAddressType ? addresses.takeLowest() : addresses.takeNext();
}
