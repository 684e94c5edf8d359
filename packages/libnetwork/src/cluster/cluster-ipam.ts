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
import type { SharedAddresses } from "./addresses.ts";
import { clusterSpace, isOfCluster } from "./pool-id.ts";
import type { SharedPools } from "./pools.ts";

type Promised<T> = T | Promise<T>;

export class ClusterIpam implements Ipam {
  readonly remote = false;
  readonly #local: Ipam;
  readonly #pools: SharedPools;
  readonly #addresses: SharedAddresses;

  /** @param shared the cluster's */
  constructor(local: Ipam, shared: { readonly pools: SharedPools; readonly addresses: SharedAddresses }) {
    this.#local = local;
    this.#pools = shared.pools;
    this.#addresses = shared.addresses;
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
    return isShared ? this.#pools.request(request) : this.#local.requestPool(request);
  }

  releasePool(poolId: string, owner?: AllocationOwner): Promised<void> {
    if (!isOfCluster(poolId)) return this.#local.releasePool(poolId);
    if (owner !== undefined) this.#addresses.neglect(owner.networkId);
    return this.#pools.release(poolId, owner);
  }

  requestAddress(request: AddressRequest): Promised<AddressLease> {
    const isShared = isOfCluster(request.poolId);
    return isShared ? this.#addresses.request(request) : this.#local.requestAddress(request);
  }

  releaseAddress(poolId: string, address: string, owner?: AllocationOwner): Promised<void> {
    if (isOfCluster(poolId)) return this.#addresses.release(address, owner);
    return this.#local.releaseAddress(poolId, address);
  }

  status(poolId: string): PoolStatus | undefined {
    return isOfCluster(poolId) ? this.#addresses.status(poolId) : this.#local.status(poolId);
  }
}
