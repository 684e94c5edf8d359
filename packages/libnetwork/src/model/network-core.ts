/**
 * NetworkCore: a network as the model works with it. Its `handle` is the Network that users hold, one for its whole life.
 */
import type { Driver } from "../contracts/driver.ts";
import type { Ipam, PoolStatus } from "../contracts/ipam.ts";
import { notFound } from "../errors.ts";
import { Network } from "../network.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import type { Engine } from "./engine.ts";
import type { NetworkRecord } from "./records.ts";
import { Registry } from "./registry.ts";
import { RemoteMembers } from "./services/remote-members.ts";
import type { ServiceCore } from "./services/service-core.ts";

export class NetworkCore {
  readonly engine: Engine;
  /** What is stored of it, or about to be. Never changed itself: another takes its place. */
  record: NetworkRecord;
  readonly endpoints = new Registry<EndpointCore>();
  readonly services = new Registry<ServiceCore>();
  /** Endpoints that say they belong to a service, by its name. */
  readonly membersOf = new Map<string, Set<EndpointCore>>();
  /** Of a network that hosts share: what they tell of it, while this host has endpoints joined in it. */
  readonly others = new RemoteMembers();
  /** Name of the endpoint that has a MAC. */
  readonly endpointOfMac = new Map<string, string>();
  readonly handle: Network;
  deleted = false;
  /** False after a restart, until an IPAM that is a plugin has been told what the network holds, if it wants to be: replay.ts. */
  replayed = true;

  constructor(engine: Engine, record: NetworkRecord) {
    this.engine = engine;
    this.record = record;
    this.handle = new Network(this);
  }

  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  get configOnly(): boolean {
    return this.record.options.configOnly;
  }

  get driver(): Driver {
    return this.engine.driver(this.record.driver);
  }

  get ipam(): Ipam {
    return this.engine.ipam(this.record.options.ipamDriver);
  }

  ipamStatus(): readonly PoolStatus[] {
    const { pools } = this.record;
    return pools.map(({ poolId }) => this.ipam.status(poolId)).filter((status) => status !== undefined);
  }

  /** @throws network_deleted */
  assertUsable(): void {
    if (this.deleted) throw notFound("network_deleted", `network "${this.name}" was deleted`);
  }
}
