/**
 * GlobalScope: what a controller does with the cluster, where it is in one. Of networks that are this host's alone nothing is done.
 */
import type { Cluster, HostPort } from "../../contracts/cluster.ts";
import type { Driver } from "../../contracts/driver.ts";
import type { ClusterHost, Peer } from "../../contracts/overlay.ts";
import type { PlainData } from "../../contracts/store.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { Engine } from "../engine.ts";
import type { NetworkCore } from "../network-core.ts";
import type { NetworkRecord, ServiceRecord } from "../records.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import type { UndoStack } from "../undo.ts";
import { Attendance } from "./attendance.ts";
import { Discovery } from "./discovery.ts";
import { Ingress } from "./ingress.ts";
import { NetworkFollowing } from "./network-following.ts";
import { OwnPeers } from "./own-peers.ts";
import { keptBy, takeAgain } from "./returning.ts";
import { ServiceFollowing } from "./service-following.ts";

/** One that is about to be made. */
interface NewEndpoint {
  readonly id: string;
  readonly hasAddress: boolean;
  /** Name of the service that it belongs to. */
  readonly service: string | undefined;
}

type AddedRecords = NonNullable<NetworkRecord["names"]>;

export class GlobalScope {
  /** Host ports of services. */
  readonly ingress: Ingress;
  readonly #engine: Engine;
  readonly #cluster: Cluster;
  readonly #discovery: Discovery;
  readonly #following: NetworkFollowing;
  readonly #services: ServiceFollowing;
  readonly #attendance: Attendance;
  readonly #own: OwnPeers;

  constructor(engine: Engine, cluster: Cluster) {
    this.#engine = engine;
    this.#cluster = cluster;
    this.ingress = new Ingress(engine);
    this.#following = new NetworkFollowing(engine, cluster);
    this.#services = new ServiceFollowing(engine, cluster);
    this.#discovery = new Discovery(cluster.self.id);
    this.#attendance = new Attendance(cluster);
    this.#own = new OwnPeers(cluster);
  }

  /** What is stored was taken up: from now on this host is one of the cluster. Nobody waits for it. */
  start(): void {
    const { networks } = this.#engine;
    this.#cluster.listen({ claimed: () => takeAgain(this.#engine, this.#cluster) });
    for (const { record, driver } of networks) if (record.shared === true) this.introduce(driver);
    for (const endpoint of this.#engine.endpoints.values()) this.#resume(endpoint);
    this.#cluster.networks.follow(this.#following);
    this.#cluster.services.follow(this.#services);
    this.#cluster.followHosts(this.#discovery);
    this.#cluster.start();
    this.ingress.touch();
  }

  /** An endpoint that joined in an earlier run: what the kernel has of its network's peers holds until the cluster tells. */
  #resume(endpoint: EndpointCore): void {
    const { network, sandbox } = endpoint;
    if (network.record.shared !== true || sandbox === undefined || sandbox.lost) return;
    this.#own.putSoon(endpoint, sandbox);
    // Where the store is away, it is told when that is back.
    this.#attendance.enter(endpoint).catch(() => undefined);
  }

  stop(): void {
    this.ingress.close();
    this.#attendance.close();
  }

  /** This host is no longer one of the cluster. @throws store_unavailable */
  leave(): Promise<void> {
    return this.#cluster.leave();
  }

  /** Other hosts that are said to be where this one is: neither gets what is sent there for the other. */
  twins(): readonly ClusterHost[] {
    return this.#discovery.twinsOf(this.#cluster.self);
  }

  /** Other hosts that no tunnel leads to, for they are reached by IPv6 and this one by IPv4, or the other way round. */
  ofOtherFamily(): readonly ClusterHost[] {
    return this.#discovery.ofOtherFamily(this.#cluster.self);
  }

  /** A driver of networks that hosts share is told which hosts there are. */
  introduce(driver: Driver): void {
    this.#discovery.introduce(driver);
  }

  /** Makes it known to all hosts. @throws network_name_in_use, too_many_addresses, store_unavailable */
  async create(network: NetworkCore, undo: UndoStack): Promise<void> {
    const { id, name, record, driver } = network;
    await this.#following.making(id, () =>
      this.#cluster.networks.create({ id, name, record: plain(record) }),
    );
    undo.push(() => this.#cluster.networks.delete(id));
    this.introduce(driver);
  }

  /** What was told of a network's services before the network itself. */
  reviewServices({ id }: NetworkCore): void {
    this.#services.reviewAll(id);
  }

  /**
   * Makes a service known to all hosts, of addresses that were taken for it.
   *
   * @throws service_name_in_use, port_in_use, network_going, store_unavailable
   */
  async createService(network: NetworkCore, record: ServiceRecord, undo: UndoStack): Promise<void> {
    if (network.record.shared !== true) return;
    const { services, addresses } = this.#cluster;
    const { name } = record;
    const ports = hostPortsOf(record);
    if (ports.length > 0) {
      await services.takePorts(network.id, name, ports);
      undo.push(() => services.givePortsBack(network.id, name, ports));
    }
    await services.create({ networkId: network.id, name, record: plain(record) });
    undo.push(() => this.#services.delete(record));
    if (network.endpoints.size === 0) addresses.neglect(network.id);
  }

  /** @throws service_has_endpoints, service_going, store_unavailable */
  deleteService(service: ServiceRecord): Promise<void> {
    return this.#services.delete(service);
  }

  /** @throws network_has_endpoints, network_has_services, network_going, store_unavailable */
  async delete({ id }: NetworkCore): Promise<void> {
    await this.#cluster.networks.delete(id);
  }

  /** Other DNS records, for all hosts. @throws network_not_found, store_unavailable */
  async changeNames(
    network: NetworkCore,
    change: (names: AddedRecords) => AddedRecords,
    undo: UndoStack,
  ): Promise<AddedRecords> {
    let before: AddedRecords = [];
    let names: AddedRecords = [];
    await this.#changeNames(network, (stored) => {
      before = stored;
      names = change(stored);
      return names;
    });
    // What another host has made of them since stays.
    const text = JSON.stringify(names);
    undo.push(() => this.#changeNames(network, (now) => (JSON.stringify(now) === text ? before : now)));
    return names;
  }

  async #changeNames({ id }: NetworkCore, change: (names: AddedRecords) => AddedRecords): Promise<void> {
    await this.#cluster.networks.change(id, (stored) => {
      const record = stored as unknown as NetworkRecord;
      return plain({ ...record, names: change(record.names ?? []) });
    });
  }

  /** An endpoint is about to be made: where no address says so, the cluster is told that it is there. */
  async hold(
    network: NetworkCore,
    { id: endpointId, hasAddress, service }: NewEndpoint,
    undo: UndoStack,
  ): Promise<void> {
    if (network.record.shared !== true || (hasAddress && !network.ipam.remote)) return;
    await this.#cluster.addresses.hold(network.id, endpointId, service);
    undo.push(() => this.#cluster.addresses.letGo(network.id, endpointId));
  }

  /** The endpoint is no more; its addresses the IPAM gives back. */
  async deleted(endpoint: EndpointCore): Promise<void> {
    const { network, id } = endpoint;
    if (network.record.shared !== true) return;
    if (keptBy(endpoint).length === 0) await this.#cluster.addresses.letGo(network.id, id);
    if (network.endpoints.size === 0) this.#cluster.addresses.neglect(network.id);
  }

  /** Before it joins: the driver knows who is where. @throws store_unavailable */
  async expect(endpoint: EndpointCore, undo: UndoStack): Promise<void> {
    // One that is renewed needs nobody.
    if (endpoint.network.record.shared !== true || this.#attendance.has(endpoint)) return;
    undo.push(() => this.#forget(endpoint));
    await this.#attendance.enter(endpoint);
  }

  /** It is in the sandbox, and others are to reach it. @throws store_unavailable */
  async joined(endpoint: EndpointCore, sandbox: SandboxCore, undo: UndoStack): Promise<void> {
    if (endpoint.network.record.shared === true) await this.#own.joined(endpoint, sandbox, undo);
  }

  /** It is in no sandbox any more: the others are told now, or when the store can be reached. */
  async left(endpoint: EndpointCore): Promise<void> {
    const { network, id } = endpoint;
    if (network.record.shared !== true) return;
    this.#forget(endpoint);
    await this.#cluster.peers.remove(network.id, id);
  }

  /** Endpoints that other hosts have in a network: none is known while this host has none in it. */
  peersIn({ id }: NetworkCore): readonly Peer[] {
    return this.#attendance.peersIn(id);
  }

  /** The network was taken up once more: its driver is told of the other hosts' endpoints. */
  tellPeersAgain({ id }: NetworkCore): void {
    this.#attendance.tellAgain(id);
  }

  /** What its endpoints are called may have changed. */
  tellNames(sandbox: SandboxCore): void {
    for (const endpoint of sandbox.joined) this.#own.changed(endpoint, sandbox);
  }

  /** A member of a service is about to leave: others lead nothing new to it from now on. */
  drain(endpoint: EndpointCore, sandbox: SandboxCore): void {
    this.#own.changed(endpoint, sandbox);
  }

  #forget({ network, id }: EndpointCore): void {
    this.#own.forget(id);
    this.#attendance.leave(network.id, id);
  }
}

/** What is shared of a record is JSON. */
function plain(record: NetworkRecord | ServiceRecord): PlainData {
  return JSON.parse(JSON.stringify(record)) as PlainData;
}

function hostPortsOf({ options: { ports = [] } }: ServiceRecord): readonly HostPort[] {
  return ports.flatMap(({ protocol, hostPort }) =>
    hostPort === undefined ? [] : [{ protocol, port: hostPort }],
  );
}
