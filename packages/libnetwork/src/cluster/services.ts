/**
 * Services of the cluster's networks: made under a name that no other of the network has, and deleted where no host has an endpoint of it.
 */
import type { HostPort, ServicesListener, SharedService } from "../contracts/cluster.ts";
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { PlainData, StoredRecord } from "../contracts/store.ts";
import { type CausewayError, conflict, forbidden, notFound } from "../errors.ts";
import type { Allocations } from "./allocations.ts";
import { isConflict } from "./failures.ts";
import { fieldOf, textOf } from "./fields.ts";
import { Going } from "./going.ts";
import { type HeldThing, thingsOf } from "./held-things.ts";
import { hostPortKind, serviceGoingKind, serviceKey, serviceKind } from "./kinds.ts";
import type { Membership } from "./membership.ts";
import { Mirror } from "./mirror.ts";
import type { SharedNetworks } from "./networks.ts";
import { inTurns } from "./turns.ts";
import { usersOf } from "./users.ts";

interface Rooms {
  readonly store: SharedStore;
  readonly membership: Membership;
  readonly allocations: Allocations;
  readonly networks: SharedNetworks;
}

export class SharedServices {
  readonly #rooms: Rooms;
  readonly #going: Going;
  #mirror: Mirror | undefined;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#going = new Going(rooms, {
      kind: serviceKind,
      goingKind: serviceGoingKind,
      told: (key) => this.#mirror?.records.get(key),
      missing: serviceNotFound,
      leaving: ({ id }) => serviceGoing(id),
    });
  }

  /** From now on. */
  follow(listener: ServicesListener): void {
    const mirror: Mirror = new Mirror(this.#rooms.store, serviceKind, (event) => {
      if (event.type === "settled") {
        const services = [...mirror.records.values()].map(readService);
        return listener.settled(services.filter((service) => service !== undefined));
      }
      const service = event.type === "stale" ? undefined : readService(event.record);
      if (service === undefined) return;
      if (event.type === "put") listener.put(service);
      else listener.deleted(service.networkId, service.name);
    });
    this.#mirror = mirror;
  }

  close(): void {
    this.#mirror?.close();
  }

  /**
   * Takes host ports for a service that is about to be made: all of them, or none.
   *
   * @throws port_in_use, store_unavailable, cluster_contention
   */
  async takePorts(networkId: string, name: string, ports: readonly HostPort[]): Promise<void> {
    const { store, allocations } = this.#rooms;
    const things = ports.map((port) => hostPortThing(networkId, name, port));
    try {
      for (const thing of things) {
        await inTurns(`taking host port ${thing.id}`, async () => {
          const taken = await store.get(thing.kind, thing.id);
          if (taken !== undefined) throw portInUse(thing.id, taken.value);
          await allocations.take(thing, thing.owner);
        });
      }
    } catch (error) {
      await allocations.giveBack(...things);
      throw error;
    }
  }

  /** What was handed over to a service stays that service's. */
  async givePortsBack(networkId: string, name: string, ports: readonly HostPort[]): Promise<void> {
    await this.#rooms.allocations.giveBack(...ports.map((port) => hostPortThing(networkId, name, port)));
  }

  /**
   * Makes a service of what was taken for it in this run.
   *
   * @throws service_name_in_use, network_not_found, network_going, store_unavailable, cluster_contention
   */
  async create({ networkId, name, record }: SharedService): Promise<void> {
    const { store, membership, allocations, networks } = this.#rooms;
    const key = serviceKey(networkId, name);
    const { things, changes } = allocations.handOver(key);
    const value = { record, things: things.map(({ kind, id }) => ({ kind, id })) };
    let guards = await networks.stillThere(networkId);
    await inTurns(`making service "${name}"`, async () => {
      try {
        await store.commit([
          membership.stillClaimed(),
          ...guards,
          { op: "put", kind: serviceKind, id: key, value, ifRevision: 0 },
          { op: "expect", kind: serviceGoingKind, id: key, ifRevision: 0 },
          ...changes,
        ]);
      } catch (error) {
        if (!isConflict(error)) throw error;
        if ((await store.get(serviceKind, key)) !== undefined) throw nameInUse(name);
        await membership.checkClaim();
        guards = await networks.stillThereNow(networkId);
        throw error;
      }
    });
    allocations.handedOver(things);
  }

  /** By the store, not by what this host was told. @throws store_unavailable */
  async find(networkId: string, name: string): Promise<SharedService | undefined> {
    const stored = await this.#rooms.store.get(serviceKind, serviceKey(networkId, name));
    return stored && readService(stored);
  }

  /**
   * Deletes a service, and gives back all that it has.
   *
   * @throws service_has_endpoints, service_not_found, service_going, store_unavailable
   */
  async delete(networkId: string, name: string): Promise<void> {
    await this.#going.delete(serviceKey(networkId, name), async ({ value }) => {
      await this.#refuseMembers(networkId, name);
      return thingsOf(value);
    });
  }

  /**
   * What a commit expects that makes an endpoint a member: that the service is there, and not about to be deleted.
   *
   * @throws service_not_found, store_unavailable
   */
  stillThere(networkId: string, name: string): Promise<readonly SharedChange[]> {
    return this.#going.stillThere(serviceKey(networkId, name));
  }

  /** As {@link stillThere}, not by what this host was told, but by the store. @throws service_going */
  stillThereNow(networkId: string, name: string): Promise<readonly SharedChange[]> {
    return this.#going.stillThereNow(serviceKey(networkId, name));
  }

  async #refuseMembers(networkId: string, name: string): Promise<void> {
    const users = await usersOf(
      this.#rooms.store,
      networkId,
      (address) => textOf(address, "service") === name,
    );
    if (users === undefined) return;
    const message = `service "${name}" has endpoints on ${users.text}: delete them there first`;
    throw forbidden("service_has_endpoints", message, { hosts: users.hosts });
  }
}

/** Of a {@link serviceKey}. */
function nameIn(key: string): string {
  return key.split("/")[1] ?? "";
}

function hostPortThing(networkId: string, name: string, { protocol, port }: HostPort): HeldThing {
  return { kind: hostPortKind, id: `${port}/${protocol}`, owner: serviceKey(networkId, name) };
}

function portInUse(port: string, taker: PlainData): CausewayError {
  const message = `service "${typeof taker === "string" ? nameIn(taker) : ""}" has host port ${port} on all hosts: choose another`;
  return conflict("port_in_use", message, { port, service: taker });
}

function nameInUse(name: string): CausewayError {
  const message = `another host has made a service "${name}" in the network: choose another name`;
  return conflict("service_name_in_use", message, name);
}

function serviceNotFound(key: string): CausewayError {
  const name = nameIn(key);
  return notFound("service_not_found", `the network has no service "${name}" any more`, name);
}

function serviceGoing(key: string): CausewayError {
  const name = nameIn(key);
  return conflict("service_going", `service "${name}" is about to be deleted by another host`, name);
}

/** Undefined where it is none that this release knows. */
function readService({ id, value }: StoredRecord): SharedService | undefined {
  const [networkId, name] = id.split("/");
  const record = fieldOf(value, "record");
  if (networkId === undefined || name === undefined || record === undefined) return undefined;
  return { networkId, name, record };
}
