/**
 * ClusterIpam: the built-in IPAM of a host in a cluster. The local address space is the host's own, the other one the cluster's.
 */
import type {
  AddressLease,
  AddressRequest,
  AddressSpaces,
  AllocationOwner,
  Ipam,
  IpamCapabilities,
  Pool,
  PoolRequest,
  PoolStatus,
} from "../contracts/ipam.ts";
import type { ClusterAddressSpace } from "./address-space.ts";
import { clusterSpace, isOfCluster } from "./pool-id.ts";

type Promised<T> = T | Promise<T>;

export class ClusterIpam implements Ipam {
  readonly remote = false;
  readonly #local: Ipam;
  readonly #shared: ClusterAddressSpace;

  constructor(local: Ipam, shared: ClusterAddressSpace) {
    this.#local = local;
    this.#shared = shared;
  }

  get name(): string {
    return this.#local.name;
  }

  get capabilities(): IpamCapabilities {
    return this.#local.capabilities;
  }

  async defaultAddressSpaces(): Promise<AddressSpaces> {
    const { local } = await this.#local.defaultAddressSpaces();
    return { local, global: clusterSpace };
  }

  requestPool(request: PoolRequest): Promised<Pool> {
    const isShared = request.addressSpace === clusterSpace;
    return isShared ? this.#shared.requestPool(request) : this.#local.requestPool(request);
  }

  releasePool(poolId: string, owner?: AllocationOwner): Promised<void> {
    return isOfCluster(poolId) ? this.#shared.releasePool(poolId, owner) : this.#local.releasePool(poolId);
  }

  requestAddress(request: AddressRequest): Promised<AddressLease> {
    const isShared = isOfCluster(request.poolId);
    return isShared ? this.#shared.requestAddress(request) : this.#local.requestAddress(request);
  }

  releaseAddress(poolId: string, address: string, owner?: AllocationOwner): Promised<void> {
    if (isOfCluster(poolId)) return this.#shared.releaseAddress(address, owner);
    return this.#local.releaseAddress(poolId, address);
  }

  status(poolId: string): PoolStatus | undefined {
    return isOfCluster(poolId) ? this.#shared.status(poolId) : this.#local.status(poolId);
  }
}
