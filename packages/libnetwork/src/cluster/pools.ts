/**
 * Pools of the cluster: subnets that overlap no other on any host. What is given is in the shared store when it is given, so nothing is replayed.
 */
import { type Cidr, parseSubnet } from "../address/cidr.ts";
import type { Family } from "../address/ip.ts";
import type { AllocationOwner, Pool, PoolRequest } from "../contracts/ipam.ts";
import type { SharedStore } from "../contracts/shared-store.ts";
import { type PoolRange, poolRanges } from "../ipam/default-ranges.ts";
import { freeSubnet, refuseOverlap } from "../ipam/free-subnet.ts";
import { checkedPoolRequest } from "../ipam/pool-request.ts";
import { SubnetTree } from "../ipam/subnet-tree.ts";
import type { Allocations } from "./allocations.ts";
import { ownerOf } from "./held-things.ts";
import { poolKind, poolsKind, poolsRevisionId } from "./kinds.ts";
import { clusterSpace, poolIdOf, readPoolId } from "./pool-id.ts";
import { inTurns } from "./turns.ts";

export class SharedPools {
  readonly #store: SharedStore;
  readonly #allocations: Allocations;
  readonly #ranges: (family: Family) => ReturnType<typeof poolRanges>;

  /**
   * @param hostId of this host
   * @param ranges where automatic pools come from; default: default-ranges.ts
   */
  constructor(
    store: SharedStore,
    allocations: Allocations,
    hostId: string,
    ranges: readonly PoolRange[] = [],
  ) {
    this.#store = store;
    this.#allocations = allocations;
    this.#ranges = (family) => poolRanges("global", family, ranges, hostId);
    // What is malformed is told when it is opened.
    for (const family of [4, 6] as const) this.#ranges(family);
  }

  /**
   * @throws invalid_subnet, subnet_host_bits, subnet_too_small, unusable_subnet, pool_overlap, no_free_pool, sub_pool_without_pool,
   * sub_pool_out_of_range, store_unavailable, cluster_contention
   */
  async request(request: PoolRequest): Promise<Pool> {
    const family = request.v6 ? 6 : 4;
    const { networkId } = ownerOf(request.owner);
    const { exact, prefixLength, subPool } = checkedPoolRequest(request);
    return inTurns("taking a pool", async () => {
      const revision = (await this.#store.get(poolsKind, poolsRevisionId))?.revision ?? 0;
      const taken = await takenPools(this.#store, family);
      if (exact !== undefined) refuseOverlap(exact, taken, clusterSpace);
      const space = { taken, ranges: this.#ranges(family) };
      const subnet = exact ?? freeSubnet(space, family, request.avoid ?? [], prefixLength);
      await this.#allocations.take({ kind: poolKind, id: subnet.toString(), owner: networkId }, networkId, {
        op: "put",
        kind: poolsKind,
        id: poolsRevisionId,
        value: subnet.toString(),
        ifRevision: revision,
      });
      const pool = subnet.toString();
      return { poolId: poolIdOf({ subnet: pool, subPool: subPool?.toString() }), pool };
    });
  }

  /** Of a network that is not made; those of one that is go with it. */
  async release(poolId: string, owner: AllocationOwner | undefined): Promise<void> {
    const { networkId } = ownerOf(owner);
    await this.#allocations.giveBack({ kind: poolKind, id: readPoolId(poolId).subnet, owner: networkId });
  }
}

async function takenPools(store: SharedStore, family: Family): Promise<SubnetTree> {
  const taken = new SubnetTree(family);
  for (const { id } of await store.list(poolKind)) {
    const subnet = trySubnet(id);
    if (subnet?.family === family) taken.add(subnet);
  }
  return taken;
}

/** Undefined for what is none: somebody has stored it by hand. */
function trySubnet(text: string): Cidr | undefined {
  try {
    return parseSubnet(text);
  } catch {
    return undefined;
  }
}
