/**
 * Networks of the cluster: made under a name that no other has, and deleted where nobody has an endpoint in them.
 */
import type { NetworksListener, SharedNetwork } from "../contracts/cluster.ts";
import type { SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { PlainData, StoredRecord } from "../contracts/store.ts";
import { CausewayError, conflict, forbidden, invalid, notFound } from "../errors.ts";
import type { Allocations } from "./allocations.ts";
import { isConflict } from "./failures.ts";
import { fieldOf, textOf } from "./fields.ts";
import { Going } from "./going.ts";
import { thingsOf } from "./held-things.ts";
import { goingKind, networkKind, networkNameKind, serviceKey, serviceKind } from "./kinds.ts";
import type { Membership } from "./membership.ts";
import { Mirror } from "./mirror.ts";
import { inTurns } from "./turns.ts";
import { listed, usersOf } from "./users.ts";

/** Pools, numbers and addresses of the network itself: the commit that makes it has a change for each, of the 128 that etcd takes. */
const mostThings = 100;

export class SharedNetworks {
  readonly #store: SharedStore;
  readonly #membership: Membership;
  readonly #allocations: Allocations;
  readonly #going: Going;
  #mirror: Mirror | undefined;

  constructor(store: SharedStore, membership: Membership, allocations: Allocations) {
    this.#store = store;
    this.#membership = membership;
    this.#allocations = allocations;
    this.#going = new Going(
      { store, membership, allocations },
      {
        kind: networkKind,
        goingKind,
        told: (id) => this.known.get(id),
        missing: networkNotFound,
        leaving: networkGoing,
      },
    );
  }

  /** From now on. */
  follow(listener: NetworksListener): void {
    const mirror: Mirror = new Mirror(this.#store, networkKind, (event) => {
      if (event.type === "delete") listener.deleted(event.record.id);
      if (event.type === "settled") listener.settled(new Set(mirror.records.keys()));
      const network = event.type === "put" ? readNetwork(event.record) : undefined;
      if (network !== undefined) listener.put(network);
    });
    this.#mirror = mirror;
  }

  /** Those that this host was told of. */
  get known(): ReadonlyMap<string, StoredRecord> {
    return this.#mirror?.records ?? new Map();
  }

  close(): void {
    this.#mirror?.close();
  }

  /**
   * Makes a network of what was taken for it in this run.
   *
   * @throws network_name_in_use, store_unavailable
   */
  async create({ id, name, record }: SharedNetwork): Promise<void> {
    const { things, changes } = this.#allocations.handOver(id);
    if (things.length > mostThings) {
      const message = `network "${name}" has ${things.length} pools and addresses of its own: at most ${mostThings} where hosts share it`;
      throw invalid("too_many_addresses", message, things.length);
    }
    const value = { name, record, things: things.map(({ kind, id }) => ({ kind, id })) };
    try {
      await this.#membership.commit([
        { op: "put", kind: networkKind, id, value, ifRevision: 0 },
        { op: "put", kind: networkNameKind, id: name, value: id, ifRevision: 0 },
        ...changes,
      ]);
    } catch (error) {
      if (isConflict(error)) throw await this.#whyNotMade(name, error);
      throw error;
    }
    this.#allocations.handedOver(things);
  }

  /** In the place of what it was. @throws network_not_found, store_unavailable */
  async change(id: string, changed: (record: PlainData) => PlainData): Promise<void> {
    await inTurns(`changing network ${id}`, async () => {
      const stored = await this.#going.get(id);
      const fields = stored.value as Readonly<Record<string, PlainData>>;
      const value = { ...fields, record: changed(networkIn(stored).record) };
      await this.#store.commit([{ op: "put", kind: networkKind, id, value, ifRevision: stored.revision }]);
    });
  }

  /** By the store, not by what this host was told. @throws store_unavailable */
  async isThere(id: string): Promise<boolean> {
    return (await this.#store.get(networkKind, id)) !== undefined;
  }

  /**
   * Deletes a network, and gives back all that it has.
   *
   * @throws network_has_endpoints, network_has_services, network_not_found, network_going, store_unavailable
   */
  async delete(id: string): Promise<void> {
    await this.#going.delete(id, async (stored) => {
      const network = networkIn(stored);
      await this.#refuseUsers(network);
      await this.#refuseServices(network);
      return [{ kind: networkNameKind, id: network.name }, ...thingsOf(stored.value)];
    });
  }

  /**
   * What a commit expects that gives an endpoint something in a network: that it is there, and not about to be deleted.
   *
   * @throws network_not_found, store_unavailable
   */
  stillThere(id: string): Promise<readonly SharedChange[]> {
    return this.#going.stillThere(id);
  }

  /** As {@link stillThere}, not by what this host was told, but by the store. @throws network_going */
  stillThereNow(id: string): Promise<readonly SharedChange[]> {
    return this.#going.stillThereNow(id);
  }

  async #refuseUsers({ id, name }: SharedNetwork): Promise<void> {
    const users = await usersOf(this.#store, id);
    if (users === undefined) return;
    const message = `network "${name}" has endpoints on ${users.text}: delete them there first`;
    throw forbidden("network_has_endpoints", message, { hosts: users.hosts });
  }

  async #refuseServices({ id, name }: SharedNetwork): Promise<void> {
    const stored = await this.#store.list(serviceKind);
    const services = stored.map((record) => record.id).filter((key) => key.startsWith(serviceKey(id, "")));
    if (services.length === 0) return;
    const names = services.map((key) => key.slice(serviceKey(id, "").length));
    const message = `network "${name}" has services: ${listed(names)}; delete them first`;
    throw forbidden("network_has_services", message, { services: names });
  }

  async #whyNotMade(name: string, error: unknown): Promise<Error> {
    const taken = await this.#store.get(networkNameKind, name);
    if (taken !== undefined) {
      const message = `there is a network "${name}" in the cluster already: choose another name`;
      return conflict("network_name_in_use", message, name);
    }
    await this.#membership.checkClaim();
    const message = `network "${name}" was not made: this host was away so long that its addresses were given to others: try again`;
    return new CausewayError("unavailable", "cluster_contention", message, { cause: error });
  }
}

function networkNotFound(id: string): CausewayError {
  return notFound("network_not_found", `the cluster has no network ${id} any more`, id);
}

function networkGoing(stored: StoredRecord): CausewayError {
  const { name } = networkIn(stored);
  return conflict("network_going", `network "${name}" is about to be deleted by another host`, name);
}

/** @throws network_not_found where it is none that this release knows */
function networkIn(stored: StoredRecord): SharedNetwork {
  const network = readNetwork(stored);
  if (network === undefined) throw networkNotFound(stored.id);
  return network;
}

/** Undefined where it is none that this release knows. */
function readNetwork({ id, value }: StoredRecord): SharedNetwork | undefined {
  const name = textOf(value, "name");
  const record = fieldOf(value, "record");
  return name === undefined || record === undefined ? undefined : { id, name, record };
}
