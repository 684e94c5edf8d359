/**
 * ServiceCore: a service as the model works with it. Its `handle` is the Service that users hold, one for its whole life.
 */
import type { BalancedService } from "../../contracts/balancing.ts";
import { notFound } from "../../errors.ts";
import { Service } from "../../service.ts";
import type { Engine } from "../engine.ts";
import type { NetworkCore } from "../network-core.ts";
import type { ServiceRecord } from "../records.ts";

export class ServiceCore {
  readonly engine: Engine;
  readonly network: NetworkCore;
  readonly record: ServiceRecord;
  readonly handle: Service;
  /** What sandboxes were told of it last: one for each of its addresses. */
  balanced: readonly BalancedService[] = [];
  deleted = false;

  constructor(network: NetworkCore, record: ServiceRecord) {
    this.engine = network.engine;
    this.network = network;
    this.record = record;
    this.handle = new Service(this);
  }

  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  /** @throws service_deleted */
  assertUsable(): void {
    if (this.deleted) throw notFound("service_deleted", `service "${this.name}" was deleted`);
  }
}
