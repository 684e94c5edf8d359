/**
 * PluginIpam: pools and addresses that a plugin hands out.
 */
import type { RemoteIpam } from "@causeway/plugin-sdk";
import { parseCidr } from "../../address/cidr.ts";
import {
  type AddressLease,
  type AddressRequest,
  type AddressSpaces,
  type Ipam,
  type IpamCapabilities,
  type Pool,
  type PoolRequest,
  replayedAddressType,
  requestAddressType,
} from "../../contracts/ipam.ts";
import { asCausewayErrors } from "../../plugin-errors.ts";

export class PluginIpam implements Ipam {
  readonly name: string;
  readonly remote = true;
  readonly #remote: RemoteIpam;
  #capabilities: IpamCapabilities = { requiresMacAddress: false, requiresRequestReplay: false };
  #spaces: AddressSpaces | undefined;

  constructor(remote: RemoteIpam) {
    this.#remote = remote;
    this.name = remote.client.name;
  }

  get capabilities(): IpamCapabilities {
    return this.#capabilities;
  }

  /** @throws plugin_not_found, plugin_kind_missing, plugin_unreachable, plugin_timeout ... */
  async connect(): Promise<void> {
    this.#capabilities = await asCausewayErrors(() => this.#remote.capabilities());
  }

  /** Asked once, as dockerd does. */
  async defaultAddressSpaces(): Promise<AddressSpaces> {
    this.#spaces ??= await asCausewayErrors(async () => {
      const answer = await this.#remote.defaultAddressSpaces();
      return { local: answer.LocalDefaultAddressSpace, global: answer.GlobalDefaultAddressSpace };
    });
    return this.#spaces;
  }

  /** What automatic choices are to keep away from has no place in the protocol. */
  async requestPool({ addressSpace, pool = "", subPool = "", options = {}, v6 }: PoolRequest): Promise<Pool> {
    const answer = await asCausewayErrors(() =>
      this.#remote.requestPool({
        AddressSpace: addressSpace,
        Pool: pool,
        SubPool: subPool,
        Options: options,
        V6: v6,
      }),
    );
    return { poolId: answer.PoolID, pool: parseCidr(answer.Pool).toString(), ...dataIn(answer) };
  }

  async releasePool(poolId: string): Promise<void> {
    await asCausewayErrors(() => this.#remote.releasePool({ PoolID: poolId }));
  }

  async requestAddress({ poolId, address = "", options }: AddressRequest): Promise<AddressLease> {
    const answer = await asCausewayErrors(() =>
      this.#remote.requestAddress({ PoolID: poolId, Address: address, Options: optionsOnWire(options) }),
    );
    return { address: parseCidr(answer.Address).toString(), ...dataIn(answer) };
  }

  async releaseAddress(poolId: string, address: string): Promise<void> {
    await asCausewayErrors(() => this.#remote.releaseAddress({ PoolID: poolId, Address: address }));
  }

  /** The protocol has no such question. */
  status(): undefined {
    return undefined;
  }
}

function dataIn({ Data: data }: { readonly Data: Readonly<Record<string, string>> }) {
  return Object.keys(data).length === 0 ? {} : { data };
}

/** Without options dockerd sends null. What says that an address is claimed again is between the model and our own IPAM. */
function optionsOnWire(options: AddressRequest["options"]): Readonly<Record<string, string>> | null {
  if (options === undefined || options[requestAddressType] === replayedAddressType) return null;
  return options;
}
