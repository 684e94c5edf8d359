/**
 * Ids of the cluster's pools: `cluster/10.0.0.0/24`, and with a sub-pool `cluster/10.0.0.0/24/10.0.0.128/25`.
 */
import { notFound } from "../errors.ts";

/** What they begin with, and networks know the cluster's address space by. */
export const clusterSpace = "cluster";

export interface PoolId {
  readonly subnet: string;
  /** Automatic addresses are of this part. */
  readonly subPool: string | undefined;
}

export function poolIdOf({ subnet, subPool }: PoolId): string {
  return [clusterSpace, subnet, ...(subPool === undefined ? [] : [subPool])].join("/");
}

/** False for one of this host's own. */
export function isOfCluster(poolId: string): boolean {
  return poolId.startsWith(`${clusterSpace}/`);
}

/** @throws pool_not_found */
export function readPoolId(poolId: string): PoolId {
  const [space, address, length, subAddress, subLength] = poolId.split("/");
  if (space !== clusterSpace || length === undefined) {
    throw notFound("pool_not_found", `pool ${JSON.stringify(poolId)} is none of the cluster's`, poolId);
  }
  return {
    subnet: `${address}/${length}`,
    subPool: subLength === undefined ? undefined : `${subAddress}/${subLength}`,
  };
}
