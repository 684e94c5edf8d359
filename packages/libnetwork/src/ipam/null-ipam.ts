/**
 * NullIpam: the IPAM of networks whose endpoints have no addresses of ours, such as host and null.
 */
import type {
  AddressLease,
  AddressRequest,
  AddressSpaces,
  Ipam,
  IpamCapabilities,
  Pool,
  PoolRequest,
} from "../contracts/ipam.ts";
import { invalid, notFound } from "../errors.ts";

const nullSpace = "null";
/** libnetwork's id of its one pool. */
const nullPoolId = "null/0.0.0.0/0";

/** Every network gets the same empty pool; whoever asks for a subnet or an address of their own is refused. */
export class NullIpam implements Ipam {
  readonly name = "null";
  readonly capabilities: IpamCapabilities = { requiresMacAddress: false, requiresRequestReplay: false };
  readonly remote = false;

  defaultAddressSpaces(): AddressSpaces {
    return { local: nullSpace, global: nullSpace };
  }

  /** @throws address_space_not_found, null_ipam_pool */
  requestPool(request: PoolRequest): Pool {
    if (request.addressSpace !== nullSpace) {
      throw notFound(
        "address_space_not_found",
        `address space ${JSON.stringify(request.addressSpace)} does not exist in the null IPAM: use ${nullSpace}`,
        request.addressSpace,
      );
    }
    const subnet = request.pool ?? request.subPool;
    if (subnet !== undefined) {
      throw invalid(
        "null_ipam_pool",
        `the null IPAM has no subnets, so ${subnet} cannot be had: leave it out, or use the default IPAM`,
        subnet,
      );
    }
    return { poolId: nullPoolId, pool: "" };
  }

  /** @throws pool_not_found */
  releasePool(poolId: string): void {
    refuseUnknownPool(poolId);
  }

  /** @throws pool_not_found, null_ipam_address */
  requestAddress(request: AddressRequest): AddressLease {
    refuseUnknownPool(request.poolId);
    if (request.address !== undefined) {
      throw invalid(
        "null_ipam_address",
        `the null IPAM has no addresses, so ${request.address} cannot be had: leave it out, or use the default IPAM`,
        request.address,
      );
    }
    return { address: "" };
  }

  /** @throws pool_not_found */
  releaseAddress(poolId: string): void {
    refuseUnknownPool(poolId);
  }

  /** There is nothing to count. */
  status(): undefined {
    return undefined;
  }
}

function refuseUnknownPool(poolId: string): void {
  if (poolId === nullPoolId) return;
  throw notFound(
    "pool_not_found",
    `pool ${JSON.stringify(poolId)} does not exist in the null IPAM: its only one is ${nullPoolId}`,
    poolId,
  );
}
