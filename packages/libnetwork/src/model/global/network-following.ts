/**
 * Networks that other hosts make, change and delete.
 */
import type { Cluster, NetworksListener, SharedNetwork } from "../../contracts/cluster.ts";
import type { PlainData } from "../../contracts/store.ts";
import { hasCode, invalid } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import { deleteEndpoint } from "../membership.ts";
import { tellRecords } from "../names/network-records.ts";
import { readableRecords } from "../names/record-list.ts";
import { expectQuestions } from "../names/sandbox-resolver.ts";
import { NetworkCore } from "../network-core.ts";
import { noteProblem } from "../problems.ts";
import { readRecord } from "../record-shapes.ts";
import { type NetworkRecord, put, remove } from "../records.ts";
import { restoreNetworkInDriver } from "../restore.ts";
import { finishing } from "../undo.ts";
import { letGoOfService } from "./service-following.ts";

export class NetworkFollowing implements NetworksListener {
  readonly #engine: Engine;
  readonly #cluster: Cluster;
  /** Ids of networks that this host is about to make. */
  readonly #making = new Set<string>();
  /** Ids of those of which what is stored is none of what this host takes: a problem for as long as it stands there. */
  readonly #strange = new Set<string>();

  constructor(engine: Engine, cluster: Cluster) {
    this.#engine = engine;
    this.#cluster = cluster;
  }

  /** Nobody has told of it yet. */
  async making<T>(id: string, make: () => Promise<T>): Promise<T> {
    this.#making.add(id);
    try {
      return await make();
    } finally {
      this.#making.delete(id);
    }
  }

  put(network: SharedNetwork): void {
    const { id, name } = network;
    this.#later(network, [`network-name:${name}`, id], () => this.#take(network));
  }

  deleted(networkId: string): void {
    const network = this.#engine.networks.byId(networkId);
    this.#later(
      { id: networkId, name: network?.name ?? networkId },
      () => this.#keys(networkId),
      () => this.#drop(networkId),
    );
  }

  settled(networkIds: ReadonlySet<string>): void {
    for (const { id, record } of [...this.#engine.networks])
      if (record.shared === true && !networkIds.has(id)) this.deleted(id);
    for (const id of [...this.#strange]) if (!networkIds.has(id)) this.#isWell(id);
  }

  #keys(networkId: string): readonly string[] {
    const endpoints = [...(this.#engine.networks.byId(networkId)?.endpoints ?? [])];
    return [
      networkId,
      ...endpoints.flatMap(({ id, sandbox }) => (sandbox === undefined ? [id] : [id, sandbox.id])),
    ];
  }

  /** What was told may be older than what this host has made since. */
  async #drop(networkId: string): Promise<void> {
    this.#isWell(networkId);
    const network = this.#engine.networks.byId(networkId);
    if (network === undefined || this.#making.has(networkId)) return;
    if (!(await this.#cluster.networks.isThere(networkId))) await letGoOfNetwork(network);
  }

  async #take({ id, name, record }: SharedNetwork): Promise<void> {
    const known = this.#engine.networks.byId(id);
    let read: NetworkRecord;
    try {
      read = readShared(id, record);
      if (known === undefined) refuseLocal(this.#engine, read);
    } catch (error) {
      this.#isStrange(id, name, error);
      return;
    }
    this.#isWell(id);
    if (known === undefined) await adopt(this.#engine, read);
    else await change(known, read);
  }

  #isStrange(id: string, name: string, error: unknown): void {
    // What else is wrong with it is not to be forgotten.
    if (this.#engine.unrestored.has(id) && !this.#strange.has(id)) return;
    this.#strange.add(id);
    noteProblem(this.#engine, { kind: "network", id, name, error });
  }

  /** What is stored of it is as it should be again, or gone. */
  #isWell(id: string): void {
    if (this.#strange.delete(id)) this.#engine.unrestored.delete(id);
  }

  /** In the order in which it is told: what is of one network waits for what came before. */
  #later(
    { id, name }: Pick<SharedNetwork, "id" | "name">,
    keys: readonly string[] | (() => readonly string[]),
    action: () => Promise<void>,
  ): void {
    this.#engine.exclusively(keys, action).catch((error: unknown) => {
      // When it answers again, all is told again.
      if (hasCode(error, "store_unavailable")) return;
      if (!this.#engine.isClosed) noteProblem(this.#engine, { kind: "network", id, name, error });
    });
  }
}

/**
 * Nothing makes it one of those that a host has from the start, whatever it says.
 *
 * @throws record_unreadable
 */
function readShared(id: string, value: PlainData): NetworkRecord {
  const { gatewayBridge: _, ...read } = readRecord("network", { kind: "network", id, value, revision: 0 });
  return { ...read, names: readableRecords(read.names ?? []), predefined: false, shared: true };
}

/** From now on it is found here, too. */
async function adopt(engine: Engine, record: NetworkRecord): Promise<void> {
  await engine.commit(put("network", record));
  const network = new NetworkCore(engine, record);
  engine.networks.add(network);
  tellRecords(network);
  expectQuestions(engine, record);
  engine.events.emit("network:create", network, { type: record.driver });
  const driver = await engine.findDriver(record.driver);
  engine.global?.introduce(driver);
  engine.global?.reviewServices(network);
  await restoreNetworkInDriver(network);
}

/** Others do not have this host make bridges, and what else is each host's own. @throws network_not_shared */
function refuseLocal({ parts }: Engine, { name, driver }: NetworkRecord): void {
  if (parts.drivers.get(driver)?.scope !== "local") return;
  const message = `network "${name}" is stored in the cluster, but networks of the driver "${driver}" are each host's own: it is left alone`;
  throw invalid("network_not_shared", message, driver);
}

/** What of a network may change: its DNS records. */
async function change(network: NetworkCore, { names = [] }: NetworkRecord): Promise<void> {
  const { engine, record: before } = network;
  if (JSON.stringify(before.names ?? []) === JSON.stringify(names)) return;
  const record = { ...before, names };
  await engine.commit(put("network", record));
  network.record = record;
  tellRecords(network);
  engine.events.emit("network:records", network, { records: String(names.length) });
}

/**
 * Takes a network off this host, which stays on others or is gone. Whoever calls holds the locks of the network, of its endpoints and of
 * their sandboxes: endpoints that this host has in it hold their addresses no more, for it was away for longer than these are kept.
 */
export async function letGoOfNetwork(network: NetworkCore): Promise<void> {
  const { engine, id } = network;
  const endpoints = [...network.endpoints];
  await finishing(
    `letting go of network "${network.name}"`,
    ...endpoints.map((endpoint) => async () => {
      engine.events.emit("endpoint:yield", endpoint, { network: id });
      await deleteEndpoint(endpoint);
    }),
    ...[...network.services].map((service) => () => letGoOfService(service)),
    async () => {
      await engine.commit(remove("network", id));
      network.deleted = true;
      engine.networks.remove(network);
      engine.unrestored.delete(id);
    },
    () => tellRecords(network),
    () => {
      const { driver } = network;
      return driver.forgetNetwork === undefined ? driver.deleteNetwork(id) : driver.forgetNetwork(id);
    },
    () => engine.events.emit("network:delete", network, { type: network.record.driver }),
  );
}
