/**
 * Finding a subnet for a pool: a free one, or that one is free.
 */
import type { Cidr } from "../address/cidr.ts";
import type { Family } from "../address/ip.ts";
import { CausewayError, conflict } from "../errors.ts";
import { AvoidedSubnets } from "./avoided-subnets.ts";
import type { CheckedRange } from "./default-ranges.ts";
import type { SubnetTree } from "./subnet-tree.ts";

/** One family of one address space: pools in it do not overlap, pools in another one may. */
export interface Space {
  readonly taken: SubnetTree;
  readonly ranges: readonly CheckedRange[];
}

/**
 * @param avoid CIDRs that it keeps away from
 * @param prefixLength undefined: that of the range that it comes from
 * @throws no_free_pool
 */
export function freeSubnet(
  space: Space,
  family: Family,
  avoid: readonly string[],
  prefixLength: number | undefined,
): Cidr {
  const avoided = new AvoidedSubnets(family, avoid);
  for (const range of space.ranges) {
    const subnet = freeSubnetIn(space.taken, range.base, prefixLength ?? range.size, avoided);
    if (subnet !== undefined) return subnet;
  }
  const size = prefixLength === undefined ? "" : ` of size /${prefixLength}`;
  const ranges = space.ranges.map((range) => `${range.base}`).join(", ");
  throw new CausewayError(
    "unavailable",
    "no_free_pool",
    `no IPv${family} subnet${size} is free in ${ranges}: all of it is taken by pools or by the host's own routes; ` +
      "name a subnet, remove a network, or configure more default pools",
    { detail: { ranges: space.ranges.map((range) => range.base.toString()) } },
  );
}

function freeSubnetIn(
  taken: SubnetTree,
  range: Cidr,
  prefixLength: number,
  avoided: AvoidedSubnets,
): Cidr | undefined {
  let subnet = taken.firstFree(range, prefixLength, range.first);
  while (subnet !== undefined) {
    const obstacle = avoided.overlapping(subnet);
    if (obstacle === undefined) return subnet;
    const end = obstacle.last;
    if (end.value >= range.last.value) return undefined;
    subnet = taken.firstFree(range, prefixLength, end.plus(1n));
  }
  return undefined;
}

/** @throws pool_overlap */
export function refuseOverlap(subnet: Cidr, pools: SubnetTree, spaceName: string): void {
  const taken = pools.overlapping(subnet);
  if (taken !== undefined) {
    throw conflict(
      "pool_overlap",
      `subnet ${subnet} overlaps pool ${taken} of the ${spaceName} address space: choose another one, or remove the network that has it`,
      { pool: subnet.toString(), overlaps: taken.toString() },
    );
  }
}
