/**
 * Ipam: hands out address pools to networks and addresses to endpoints.
 *
 * A built-in IPAM keeps nothing on disk: the controller replays what its stored networks and endpoints hold, with the same calls
 * that first asked for it, so store and IPAM cannot disagree. One that is a plugin says whether it wants that.
 */

/** The option that asks {@link Ipam.requestAddress} for a gateway, with this value under {@link requestAddressType}. */
export const gatewayAddressType = "com.docker.network.gateway";
/** The option name under which the kind of address is given. */
export const requestAddressType = "RequestAddressType";
/**
 * Under {@link requestAddressType}, with an exact address: the IPAM chose it before a restart and has it claimed again.
 * The next automatic choice goes on after it, so that what was freed shortly before the restart is not reused at once.
 */
export const replayedAddressType = "causeway.replay";

/** Whose something is. An IPAM that hosts share has to know. */
export interface AllocationOwner {
  readonly networkId: string;
  /** Absent: the network's own, as a pool or a gateway is, or a service's. */
  readonly endpointId?: string;
  /** Name of the service that the endpoint belongs to; without an endpoint: it is the service's own. */
  readonly service?: string;
}

export interface PoolRequest {
  /** `local`, `global`, or what the IPAM calls its spaces. */
  readonly addressSpace: string;
  /** A CIDR; `0.0.0.0/24` or `::/64` asks for any free pool of that size; absent asks for any pool. */
  readonly pool?: string;
  /** A CIDR inside the pool: addresses are handed out from it only. */
  readonly subPool?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly v6: boolean;
  /** CIDRs that an automatic choice keeps away from: the host's routes and name servers. */
  readonly avoid?: readonly string[];
  readonly owner?: AllocationOwner;
}

export interface Pool {
  /** Names the pool in later calls. Plain and stable: it is stored. */
  readonly poolId: string;
  /** CIDR in canonical form; empty for an IPAM that hands out no addresses. */
  readonly pool: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface AddressRequest {
  readonly poolId: string;
  /** The address that is wanted, without prefix length; absent asks for the next free one. */
  readonly address?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly owner?: AllocationOwner;
}

export interface AddressLease {
  /** CIDR: the address with the pool's prefix length; empty for an IPAM that hands out no addresses. */
  readonly address: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface IpamCapabilities {
  readonly requiresMacAddress: boolean;
  readonly requiresRequestReplay: boolean;
}

export interface PoolStatus {
  readonly pool: string;
  /** Addresses that can be handed out to endpoints, all told. */
  readonly size: bigint;
  /** Addresses in use, gateway and auxiliary ones included. */
  readonly used: bigint;
}

/**
 * Answers may be immediate or promised: the built-in IPAMs answer at once, so that an attach waits for nothing.
 */
export interface Ipam {
  readonly name: string;
  /** Of one that has {@link connect}: only after that. */
  readonly capabilities: IpamCapabilities;
  /** What it hands out it remembers itself, when we are killed too: what it gave is stored at once. */
  readonly remote: boolean;
  /** Sees to it that whoever does the work can be asked. Absent where that is the IPAM itself. */
  connect?(): Promise<void>;
  /** The address spaces that are used when a network names none. */
  defaultAddressSpaces(): AddressSpaces | Promise<AddressSpaces>;
  requestPool(request: PoolRequest): Pool | Promise<Pool>;
  releasePool(poolId: string, owner?: AllocationOwner): void | Promise<void>;
  requestAddress(request: AddressRequest): AddressLease | Promise<AddressLease>;
  /** `address` without prefix length. */
  releaseAddress(poolId: string, address: string, owner?: AllocationOwner): void | Promise<void>;
  /** Undefined where an IPAM cannot tell. */
  status(poolId: string): PoolStatus | undefined;
}

export interface AddressSpaces {
  readonly local: string;
  readonly global: string;
}
