/**
 * Services of the cluster's networks that other hosts make and delete.
 */
import { addressOf, parseCidr } from "../../address/cidr.ts";
import { parseIp } from "../../address/ip.ts";
import type { Cluster, ServicesListener, SharedService } from "../../contracts/cluster.ts";
import { hasCode, invalid } from "../../errors.ts";
import { hostname } from "../../options/host-file-texts.ts";
import type { Engine } from "../engine.ts";
import { tellRecords } from "../names/network-records.ts";
import type { NetworkCore } from "../network-core.ts";
import { noteProblem } from "../problems.ts";
import { readRecord, textIn } from "../record-shapes.ts";
import { put, remove, type ServiceRecord } from "../records.ts";
import { reviewService } from "../services/balancing.ts";
import type { ServiceCore } from "../services/service-core.ts";
import { forgetService } from "../services/service-deletion.ts";
import { addService } from "../services/service-maker.ts";
import { checkedServiceOptions } from "../services/service-options.ts";

export class ServiceFollowing implements ServicesListener {
  readonly #engine: Engine;
  readonly #cluster: Cluster;
  /** What was told of each network, by name. */
  readonly #told = new Map<string, Map<string, SharedService>>();

  /** Ids of those that this host has deleted, of which it may still be told that they are there. */
  readonly #gone = new Set<string>();

  constructor(engine: Engine, cluster: Cluster) {
    this.#engine = engine;
    this.#cluster = cluster;
  }

  /** Deletes one that this host has made or was told of. @throws service_has_endpoints, service_going, store_unavailable */
  async delete({ networkId, name, id }: ServiceRecord): Promise<void> {
    await this.#cluster.services.delete(networkId, name);
    this.#gone.add(id);
  }

  put(service: SharedService): void {
    const { networkId, name } = service;
    this.#of(networkId).set(name, service);
    this.#review(networkId, name);
  }

  deleted(networkId: string, name: string): void {
    this.#gone.delete(idOf(this.#of(networkId).get(name)) ?? "");
    this.#of(networkId).delete(name);
    if (this.#of(networkId).size === 0) this.#told.delete(networkId);
    this.#review(networkId, name);
  }

  settled(services: readonly SharedService[]): void {
    const before = [...this.#told.values()].flatMap((ofNetwork) => [...ofNetwork.values()]);
    this.#told.clear();
    this.#gone.clear();
    for (const service of services) this.#of(service.networkId).set(service.name, service);
    for (const { networkId, name } of before)
      if (this.#told.get(networkId)?.has(name) !== true) this.#review(networkId, name);
    for (const network of this.#engine.networks) {
      if (network.record.shared !== true) continue;
      const told = [...this.#of(network.id).keys()];
      const known = [...network.services].map(({ name }) => name);
      for (const name of new Set([...told, ...known])) this.#review(network.id, name);
      void this.#engine.global?.ingress.settle(network);
    }
  }

  /** A network has become known here, maybe after its services. */
  reviewAll(networkId: string): void {
    for (const name of this.#of(networkId).keys()) this.#review(networkId, name);
  }

  #of(networkId: string): Map<string, SharedService> {
    const known = this.#told.get(networkId);
    if (known !== undefined) return known;
    const made = new Map<string, SharedService>();
    this.#told.set(networkId, made);
    return made;
  }

  #review(networkId: string, name: string): void {
    const id = `${networkId}/${name}`;
    this.#engine
      .exclusively([networkId], () => this.#settle(networkId, name))
      // What was wrong with it is not any more, or it is gone.
      .then(() => this.#engine.unrestored.delete(id))
      .catch((error: unknown) => {
        // When it answers again, all is told again.
        if (hasCode(error, "store_unavailable") || this.#engine.isClosed) return;
        noteProblem(this.#engine, { kind: "service", id, name, error });
      });
  }

  /** What was told may be older than what this host has made or deleted since: then the store is asked. */
  async #settle(networkId: string, name: string): Promise<void> {
    const network = this.#engine.networks.byId(networkId);
    if (network === undefined) return;
    const known = network.services.byName(name);
    const last = this.#told.get(networkId)?.get(name);
    const told = this.#gone.has(idOf(last) ?? "") ? undefined : last;
    if (idOf(told) === known?.id) return;
    const there = known === undefined ? told : await this.#cluster.services.find(networkId, name);
    if (idOf(there) === known?.id) return;
    if (known !== undefined) await letGoOfService(known);
    if (there !== undefined) await adopt(network, there);
  }
}

const idOf = (service: SharedService | undefined) => textIn(service?.record, "id");

/** From now on it is found here, too. */
async function adopt(network: NetworkCore, shared: SharedService): Promise<void> {
  const { engine } = network;
  const record = readShared(network, shared);
  await engine.commit(put("service", record));
  const service = addService(network, record);
  reviewService(service);
  tellRecords(network);
  void engine.global?.ingress.settle(network);
  engine.events.emit("service:create", service, { network: network.id });
}

/**
 * Sandboxes' kernels are to do what it says: it is checked as one that is made here.
 *
 * @throws record_unreadable, invalid_option, unknown_option, invalid_hostname, invalid_port, invalid_address, invalid_record ...
 */
function readShared(network: NetworkCore, { name, record: value }: SharedService): ServiceRecord {
  const id = textIn(value, "id") ?? "";
  const read = readRecord("service", { kind: "service", id, value, revision: 0 });
  const { created, ipv4, ipv6 } = read;
  hostname(name, "name");
  const options = checkedServiceOptions(read.options);
  const addresses = [
    [4, ipv4],
    [6, ipv6],
  ] as const;
  for (const [family, cidr] of addresses) {
    if (cidr === undefined || isIn(network, family, cidr)) continue;
    const message = `service "${name}" is stored in the cluster with address ${cidr}, which is none of network "${network.name}": it is left alone`;
    throw invalid("invalid_address", message, cidr);
  }
  return {
    id,
    networkId: network.id,
    name,
    created,
    options,
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
  };
}

function isIn({ record }: NetworkCore, family: 4 | 6, cidr: string): boolean {
  const ip = parseIp(addressOf(cidr), family);
  return record.pools.some((pool) => pool.family === family && parseCidr(pool.pool).contains(ip));
}

/** Takes a service off this host, which is gone from the cluster. Whoever calls holds the network's lock. */
export async function letGoOfService(service: ServiceCore): Promise<void> {
  const { engine, network, id } = service;
  await engine.commit(remove("service", id));
  forgetService(service);
  tellRecords(network);
  void engine.global?.ingress.settle(network);
  engine.events.emit("service:delete", service, { network: network.id });
}
