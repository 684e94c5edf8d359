/**
 * Addresses in networks of the cluster: only one endpoint or service has each. What is given is in the shared store when it is given, so nothing is
 * replayed.
 */
import { randomBytes } from "node:crypto";
import { type IpAddress, parseIp } from "../address/ip.ts";
import type { KeptAddress } from "../contracts/cluster.ts";
import type { AddressLease, AddressRequest, AllocationOwner, PoolStatus } from "../contracts/ipam.ts";
import { gatewayAddressType, requestAddressType } from "../contracts/ipam.ts";
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { PlainData } from "../contracts/store.ts";
import { conflict, hasCode } from "../errors.ts";
import type { AddressPool } from "../ipam/address-pool.ts";
import type { Allocations } from "./allocations.ts";
import { isConflict } from "./failures.ts";
import { type HeldThing, holdingOf, ownerOf } from "./held-things.ts";
import { addressKind, serviceKey } from "./kinds.ts";
import type { Membership } from "./membership.ts";
import { NetworkAddresses, noteTaken } from "./network-addresses.ts";
import type { SharedNetworks } from "./networks.ts";
import { readPoolId } from "./pool-id.ts";
import type { SharedServices } from "./services.ts";
import { inTurns } from "./turns.ts";

interface Rooms {
  readonly store: SharedStore;
  readonly membership: Membership;
  readonly allocations: Allocations;
  readonly networks: SharedNetworks;
  readonly services: SharedServices;
}

export class SharedAddresses {
  readonly #rooms: Rooms;
  readonly #networks = new Map<string, NetworkAddresses>();
  /** Id of the network that a pool is of, where this host has had to know. */
  readonly #networkOf = new Map<string, string>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /**
   * A gateway gets the lowest free address, an endpoint or a service any.
   *
   * @throws invalid_address, address_out_of_range, address_reserved, address_in_use, no_free_address, network_not_found, network_going,
   * service_not_found, service_going, store_unavailable, cluster_contention
   */
  async request(request: AddressRequest): Promise<AddressLease> {
    const owner = ownerOf(request.owner);
    const { subnet, subPool } = readPoolId(request.poolId);
    this.#networkOf.set(request.poolId, owner.networkId);
    const pool = await this.#addresses(owner.networkId).pool(subnet, subPool);
    if (request.address !== undefined) await this.#lookAgain(owner.networkId, pool, parseIp(request.address));
    const isGateway = request.options?.[requestAddressType] === gatewayAddressType;
    const choose =
      request.address === undefined
        ? () => pool.freeFrom(isGateway ? 0n : randomPlace())
        : () => wanted(pool, request.address ?? "");
    const address = await this.#take(owner, pool, choose);
    return { address: `${address}/${pool.subnet.prefixLength}` };
  }

  async release(address: string, owner: AllocationOwner | undefined): Promise<void> {
    const thing = addressThing(ownerOf(owner), parseIp(address));
    await this.#rooms.allocations.giveBack(thing);
    this.#networks.get(ownerOf(owner).networkId)?.gaveBack(thing.id);
  }

  /** @throws network_not_found, network_going, service_not_found, service_going, store_unavailable, cluster_contention */
  async hold(networkId: string, endpointId: string, service?: string): Promise<void> {
    const owner = { networkId, endpointId, ...(service !== undefined && { service }) };
    let guards = await this.#guards(owner);
    await inTurns("making an endpoint without an address", async () => {
      try {
        const thing = endpointThing(networkId, endpointId);
        await this.#rooms.allocations.take(thing, this.#valueOf(owner), ...guards);
      } catch (error) {
        if (isConflict(error)) guards = await this.#guardsNow(owner);
        throw error;
      }
    });
  }

  /** Whose network is gone holds nothing. @throws store_unavailable, cluster_contention */
  async holdAgain(owner: Omit<KeptAddress, "address">): Promise<void> {
    await this.#takeAgain(endpointThing(owner.networkId, owner.endpointId), owner);
  }

  async letGo(networkId: string, endpointId: string): Promise<void> {
    await this.#rooms.allocations.giveBack(endpointThing(networkId, endpointId));
  }

  /**
   * Takes again what endpoints of this host had, after it was away for long, or with another store.
   *
   * @returns what others have by now, and what is of networks that are gone
   * @throws store_unavailable
   */
  async retake(kept: readonly KeptAddress[]): Promise<readonly KeptAddress[]> {
    const held = new Set((await this.#rooms.allocations.held()).map(holdingOf));
    const lost: KeptAddress[] = [];
    for (const one of kept) {
      const { address, ...whose } = one;
      const thing = addressThing(whose, parseIp(address));
      if (held.has(holdingOf(thing))) continue;
      if (!(await this.#takeAgain(thing, whose))) lost.push(one);
    }
    return lost;
  }

  /** How full a pool is, where this host has endpoints in its network. */
  status(poolId: string): PoolStatus | undefined {
    const { subnet, subPool } = readPoolId(poolId);
    const networkId = this.#networkOf.get(poolId) ?? "";
    return this.#networks.get(networkId)?.knownPool(subnet, subPool)?.status();
  }

  /** This host has nothing more to do with the addresses of a network. */
  neglect(networkId: string): void {
    this.#networks.get(networkId)?.close();
    this.#networks.delete(networkId);
    for (const [poolId, network] of this.#networkOf)
      if (network === networkId) this.#networkOf.delete(poolId);
  }

  close(): void {
    for (const networkId of [...this.#networks.keys()]) this.neglect(networkId);
  }

  /** @returns false where it is taken, or its network is gone */
  async #takeAgain(thing: HeldThing, owner: AllocationOwner): Promise<boolean> {
    const { store, networks, allocations } = this.#rooms;
    const turn = async () => {
      if ((await store.get(thing.kind, thing.id)) !== undefined) return false;
      // Whose service is gone is a member of none, and keeps its address.
      const guards = await networks.stillThereNow(owner.networkId);
      await allocations.take(thing, this.#valueOf(owner), ...guards);
      return true;
    };
    try {
      // Whether the network goes or stays shows soon.
      const isPassing = (error: unknown) => isConflict(error) || hasCode(error, "network_going");
      return await inTurns(`taking ${thing.id} again`, turn, isPassing);
    } catch (error) {
      if (hasCode(error, "network_not_found")) return false;
      throw error;
    }
  }

  async #take(owner: AllocationOwner, pool: AddressPool, choose: () => IpAddress): Promise<IpAddress> {
    const { store } = this.#rooms;
    let guards = await this.#guards(owner);
    return inTurns(`taking an address in ${pool.subnet}`, async () => {
      const address = choose();
      try {
        await this.#commit(owner, address, guards);
      } catch (error) {
        if (!isConflict(error)) throw error;
        const taken = await store.get(addressKind(owner.networkId), address.toString());
        if (taken !== undefined) noteTaken(pool, address.toString());
        else guards = await this.#guardsNow(owner);
        throw error;
      }
      noteTaken(pool, address.toString());
      return address;
    });
  }

  /** An address that was given back a moment ago may be asked for before this host is told of that: an endpoint moves. */
  async #lookAgain(networkId: string, pool: AddressPool, address: IpAddress): Promise<void> {
    if (!pool.isTaken(address)) return;
    const taken = await this.#rooms.store.get(addressKind(networkId), address.toString());
    if (taken === undefined && pool.isTaken(address)) pool.release(address);
  }

  /** What a network or a service takes before it is made is held by the host, and handed over with the rest or not at all. */
  async #guards({ networkId, endpointId, service }: AllocationOwner): Promise<readonly SharedChange[]> {
    const { networks, services } = this.#rooms;
    if (endpointId === undefined) return [];
    const there = await networks.stillThere(networkId);
    return service === undefined ? there : [...there, ...(await services.stillThere(networkId, service))];
  }

  async #guardsNow({ networkId, endpointId, service }: AllocationOwner): Promise<readonly SharedChange[]> {
    const { networks, services } = this.#rooms;
    if (endpointId === undefined) return [];
    const there = await networks.stillThereNow(networkId);
    return service === undefined ? there : [...there, ...(await services.stillThereNow(networkId, service))];
  }

  async #commit(owner: AllocationOwner, address: IpAddress, guards: readonly SharedChange[]): Promise<void> {
    await this.#rooms.allocations.take(addressThing(owner, address), this.#valueOf(owner), ...guards);
  }

  /** By its host others see that an endpoint has it, and by its service that a service has a member. */
  #valueOf({ endpointId, service }: AllocationOwner): PlainData {
    return {
      ...(endpointId !== undefined && { host: this.#rooms.membership.self.id, endpoint: endpointId }),
      ...(service !== undefined && { service }),
    };
  }

  #addresses(networkId: string): NetworkAddresses {
    const known = this.#networks.get(networkId);
    if (known !== undefined) return known;
    const addresses = new NetworkAddresses(this.#rooms.store, networkId);
    this.#networks.set(networkId, addresses);
    return addresses;
  }
}

const randomPlace = () => randomBytes(16).reduce((place, byte) => (place << 8n) | BigInt(byte), 0n);

function addressThing({ networkId, endpointId, service }: AllocationOwner, address: IpAddress): HeldThing {
  const own = service === undefined ? networkId : serviceKey(networkId, service);
  return { kind: addressKind(networkId), id: address.toString(), owner: endpointId ?? own };
}

/** Among the addresses of the network stands an endpoint that has none. */
function endpointThing(networkId: string, endpointId: string): HeldThing {
  return { kind: addressKind(networkId), id: `endpoint ${endpointId}`, owner: endpointId };
}

function wanted(pool: AddressPool, text: string): IpAddress {
  const address = parseIp(text);
  if (!pool.isTaken(address)) return address;
  throw conflict(
    "address_in_use",
    `address ${address} is in use in ${pool.subnet}, on this host or another: choose another one, or leave it out`,
    { address: address.toString(), pool: pool.subnet.toString() },
  );
}
