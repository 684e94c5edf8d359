/**
 * EndpointCore: an endpoint as the model works with it. Its `handle` is the Endpoint that users hold, one for its whole life.
 */
import type { Driver } from "../contracts/driver.ts";
import { Endpoint } from "../endpoint.ts";
import { notFound } from "../errors.ts";
import type { Engine } from "./engine.ts";
import type { NetworkCore } from "./network-core.ts";
import type { EndpointRecord } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";

export class EndpointCore {
  readonly engine: Engine;
  readonly network: NetworkCore;
  /** The network's. */
  readonly driver: Driver;
  readonly handle: Endpoint;
  /** What is stored of it, or about to be. Never changed itself: another takes its place. */
  record: EndpointRecord;
  deleted = false;

  constructor(network: NetworkCore, record: EndpointRecord) {
    this.engine = network.engine;
    this.network = network;
    this.driver = network.driver;
    this.record = record;
    this.handle = new Endpoint(this);
  }

  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  /** The sandbox that it has joined. */
  get sandbox(): SandboxCore | undefined {
    const { join } = this.record;
    return join === undefined ? undefined : this.engine.sandboxes.byId(join.sandboxId);
  }

  /** @throws endpoint_deleted */
  assertUsable(): void {
    if (this.deleted) throw notFound("endpoint_deleted", `endpoint "${this.name}" was deleted`);
  }
}
