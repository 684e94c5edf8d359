/**
 * What a request for a pool asks of the default IPAM, checked as far as the request alone can tell.
 */
import { type Cidr, parseSubnet } from "../address/cidr.ts";
import type { PoolRequest } from "../contracts/ipam.ts";
import { invalid } from "../errors.ts";
import { longestPoolPrefix } from "./default-ranges.ts";

export interface CheckedPoolRequest {
  /** This very subnet; undefined asks for any. */
  readonly exact: Cidr | undefined;
  /** With any subnet: the size that it has to have, undefined for that of the default pools. */
  readonly prefixLength: number | undefined;
  readonly subPool: Cidr | undefined;
}

/** No sandbox can have an address in these. */
const unusableSubnets = [
  ["0.0.0.0/8", "the unspecified addresses"],
  ["127.0.0.0/8", "the loopback addresses"],
  ["224.0.0.0/4", "the multicast addresses"],
  ["255.255.255.255/32", "the broadcast address"],
  ["::/96", "the unspecified, the loopback and the IPv4-compatible addresses"],
  ["::ffff:0:0/96", "the IPv4-mapped addresses"],
  ["ff00::/8", "the multicast addresses"],
].map(([cidr = "", name = ""]) => ({ subnet: parseSubnet(cidr), name }));

/**
 * @throws invalid_subnet, subnet_host_bits, subnet_too_small, unusable_subnet, sub_pool_without_pool,
 * sub_pool_out_of_range
 */
export function checkedPoolRequest(request: PoolRequest): CheckedPoolRequest {
  const family = request.v6 ? 6 : 4;
  const pool = request.pool === undefined ? undefined : parseSubnet(request.pool, family);
  const subPool = request.subPool === undefined ? undefined : parseSubnet(request.subPool, family);
  // 0.0.0.0/24 and ::/64 are no subnets but wishes for a size.
  const exact = pool?.address.value === 0n ? undefined : pool;
  if (pool !== undefined) refuseTooSmall(pool);
  if (exact !== undefined) refuseUnusable(exact);
  if (subPool !== undefined) refuseMisplacedSubPool(subPool, exact);
  return { exact, prefixLength: pool?.prefixLength, subPool };
}

function refuseTooSmall(subnet: Cidr): void {
  const longest = longestPoolPrefix(subnet.family);
  if (subnet.prefixLength <= longest) return;
  throw invalid(
    "subnet_too_small",
    `subnet ${subnet} has a single address: give at most /${longest}, which has two`,
    subnet.toString(),
  );
}

function refuseMisplacedSubPool(subPool: Cidr, pool: Cidr | undefined): void {
  if (pool === undefined) {
    throw invalid(
      "sub_pool_without_pool",
      `sub-pool ${subPool} needs its subnet: name the pool too`,
      subPool.toString(),
    );
  }
  if (!pool.covers(subPool)) {
    throw invalid("sub_pool_out_of_range", `sub-pool ${subPool} is outside ${pool}: choose a part of it`, {
      subPool: subPool.toString(),
      pool: pool.toString(),
    });
  }
}

function refuseUnusable(subnet: Cidr): void {
  const unusable = unusableSubnets.find((block) => block.subnet.overlaps(subnet));
  if (unusable !== undefined) {
    throw invalid(
      "unusable_subnet",
      `subnet ${subnet} overlaps ${unusable.name} (${unusable.subnet}): choose a private one, like 172.30.0.0/24 or fd00::/64`,
      subnet.toString(),
    );
  }
}
