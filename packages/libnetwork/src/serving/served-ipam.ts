/**
 * ServedIpam: an IPAM of ours as the handlers of an IPAM plugin. Ours keeps nothing on disk and is told everything again at a start; dockerd does not
 * do that, for an IPAM which asks to be told again cannot know a repetition from a second wish for the same subnet. So what it was given is stored here.
 */
import type { IpamDriverHandlers, RequestOf, ResponseFor } from "@causeway/plugin-sdk";
import { addressOf } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import { type Ipam, type PoolRequest, replayedAddressType, requestAddressType } from "../contracts/ipam.ts";
import type { KeyedMutex } from "../model/keyed-mutex.ts";
import { undoing } from "../model/undo.ts";
import { listRecords, put, remove, type ServedPool, type ServedStore } from "./records.ts";
import { addressRequest, poolRequest } from "./requests.ts";

export interface ServedIpamParts {
  readonly ipam: Ipam;
  readonly store: ServedStore;
  readonly mutex: KeyedMutex;
  /** CIDRs that an automatic choice keeps away from. */
  readonly avoid: () => readonly string[];
  readonly onProblem: (error: unknown) => void;
}

/** A pool, and the addresses of it that are held. */
interface HeldPool {
  readonly record: ServedPool;
  readonly addresses: Set<string>;
  /** Of an earlier run, and not asked for since: dockerd may not have heard of it. */
  untouched: boolean;
}

export class ServedIpam implements IpamDriverHandlers {
  readonly #parts: ServedIpamParts;
  readonly #pools = new Map<string, HeldPool>();

  constructor(parts: ServedIpamParts) {
    this.#parts = parts;
  }

  /** Takes up what is stored. */
  async restore(): Promise<void> {
    const { ipam, store, onProblem } = this.#parts;
    const attempt = async (action: () => Promise<void>) => {
      try {
        await action();
      } catch (error) {
        onProblem(error);
      }
    };
    for (const record of listRecords(store, "served-pool", onProblem)) {
      await attempt(async () => {
        const { addressSpace, pool, subPool, v6 } = record;
        await ipam.requestPool({ addressSpace, pool, v6, ...(subPool !== undefined && { subPool }) });
        this.#pools.set(record.poolId, { record, addresses: new Set(), untouched: true });
      });
    }
    const options = { [requestAddressType]: replayedAddressType };
    for (const { poolId, address } of listRecords(store, "served-address", onProblem)) {
      const held = this.#pools.get(poolId);
      if (held === undefined) continue;
      await attempt(async () => {
        await ipam.requestAddress({ poolId, address, options });
        held.addresses.add(address);
      });
    }
  }

  getCapabilities(): ResponseFor<"IpamDriver.GetCapabilities"> {
    return {
      RequiresMACAddress: this.#parts.ipam.capabilities.requiresMacAddress,
      RequiresRequestReplay: false,
    };
  }

  async getDefaultAddressSpaces(): Promise<ResponseFor<"IpamDriver.GetDefaultAddressSpaces">> {
    const { local, global } = await this.#parts.ipam.defaultAddressSpaces();
    return { LocalDefaultAddressSpace: local, GlobalDefaultAddressSpace: global };
  }

  requestPool(asked: RequestOf<"IpamDriver.RequestPool">): Promise<ResponseFor<"IpamDriver.RequestPool">> {
    const { ipam, store, avoid, mutex } = this.#parts;
    return mutex.run(["pools"], async () => {
      const { local } = await ipam.defaultAddressSpaces();
      const request = poolRequest(asked, local);
      const unheard = this.#unheardOf(request);
      if (unheard !== undefined) {
        unheard.untouched = false;
        return { PoolID: unheard.record.poolId, Pool: unheard.record.pool };
      }
      return undoing(async (undo) => {
        const { poolId, pool, data = {} } = await ipam.requestPool({ ...request, avoid: avoid() });
        undo.push(() => ipam.releasePool(poolId));
        const { addressSpace, subPool, v6 } = request;
        const record: ServedPool = {
          addressSpace,
          poolId,
          pool,
          v6,
          ...(subPool !== undefined && { subPool }),
        };
        store.commit([put("served-pool", poolId, record)]);
        this.#pools.set(poolId, { record, addresses: new Set(), untouched: false });
        return { PoolID: poolId, Pool: pool, Data: data };
      });
    });
  }

  /** One that we were killed with before the answer went out, and that dockerd asks for again: nothing of it has been used since. */
  #unheardOf({ addressSpace, pool, subPool }: PoolRequest): HeldPool | undefined {
    return [...this.#pools.values()].find(
      ({ record, addresses, untouched }) =>
        untouched &&
        addresses.size === 0 &&
        record.addressSpace === addressSpace &&
        record.pool === pool &&
        record.subPool === subPool,
    );
  }

  releasePool({ PoolID }: RequestOf<"IpamDriver.ReleasePool">): Promise<void> {
    const { ipam, store, mutex } = this.#parts;
    // No address may come out of a pool that is going: its record would stay.
    return mutex.run(["pools", poolKey(PoolID)], async () => {
      const held = this.#pools.get(PoolID);
      if (held === undefined) return;
      store.commit([
        ...[...held.addresses].map((address) => remove("served-address", addressId(PoolID, address))),
        remove("served-pool", PoolID),
      ]);
      this.#pools.delete(PoolID);
      await ipam.releasePool(PoolID);
    });
  }

  requestAddress(
    asked: RequestOf<"IpamDriver.RequestAddress">,
  ): Promise<ResponseFor<"IpamDriver.RequestAddress">> {
    const { mutex } = this.#parts;
    return mutex.run([poolKey(asked.PoolID)], () => this.#requestAddress(asked));
  }

  #requestAddress(
    asked: RequestOf<"IpamDriver.RequestAddress">,
  ): Promise<ResponseFor<"IpamDriver.RequestAddress">> {
    const { ipam, store } = this.#parts;
    return undoing(async (undo) => {
      const { address: cidr, data = {} } = await ipam.requestAddress(addressRequest(asked));
      const address = addressOf(cidr);
      undo.push(() => ipam.releaseAddress(asked.PoolID, address));
      const record = { poolId: asked.PoolID, address };
      store.commitSoon([put("served-address", addressId(asked.PoolID, address), record)]);
      const held = this.#pools.get(asked.PoolID);
      held?.addresses.add(address);
      if (held !== undefined) held.untouched = false;
      return { Address: cidr, Data: data };
    });
  }

  async releaseAddress({ PoolID, Address }: RequestOf<"IpamDriver.ReleaseAddress">): Promise<void> {
    const { ipam, store, mutex } = this.#parts;
    const address = parseIp(Address).toString();
    await mutex.run([poolKey(PoolID)], async () => {
      const held = this.#pools.get(PoolID);
      if (held?.addresses.has(address) !== true) return;
      store.commitSoon([remove("served-address", addressId(PoolID, address))]);
      held.addresses.delete(address);
      await ipam.releaseAddress(PoolID, address);
    });
  }
}

/** The mutex is the driver's, too, whose keys are ids. */
const poolKey = (poolId: string) => `pool:${poolId}`;

function addressId(poolId: string, address: string): string {
  return `${poolId} ${address}`;
}
