/**
 * Network: a set of endpoints that reach each other directly, apart from all other networks. Made by one driver.
 *
 * What stands here is what users call; how it is done is in `model/`, which works with NetworkCores.
 */
import { inspect } from "node:util";
import type { IpamData } from "./contracts/driver.ts";
import type { PoolStatus } from "./contracts/ipam.ts";
import type { Endpoint } from "./endpoint.ts";
import { forbidden } from "./errors.ts";
import { ipamData } from "./model/addressing.ts";
import { announceEndpoint } from "./model/endpoint-events.ts";
import { prepareEndpoint } from "./model/endpoint-maker.ts";
import type { EndpointOptions } from "./model/endpoint-options.ts";
import { reviewGateway } from "./model/gateway/review.ts";
import { commitMade } from "./model/intents/asking.ts";
import { announceJoin, prepareJoin } from "./model/joining.ts";
import { type NetworkName, networkNames } from "./model/names/network-names.ts";
import { addRecords, recordsOf, removeRecords } from "./model/names/network-records.ts";
import type { NameRecord, RecordOptions, RecordSelector } from "./model/names/record-options.ts";
import type { NetworkCore } from "./model/network-core.ts";
import { deleteNetwork } from "./model/network-deletion.ts";
import type { IpamConfig } from "./model/network-options.ts";
import { type NetworkRecord, put } from "./model/records.ts";
import { locksOf } from "./model/sandbox-locks.ts";
import { createService } from "./model/services/service-maker.ts";
import type { ServiceOptions } from "./model/services/service-options.ts";
import { undoing } from "./model/undo.ts";
import { requireSandbox, Sandbox } from "./sandbox.ts";
import type { Service } from "./service.ts";

export class Network {
  readonly #core: NetworkCore;

  /** Users get networks from the controller. */
  constructor(core: NetworkCore) {
    this.#core = core;
  }

  /** What the model works with. Users have the type alone, and do not see it. */
  static core(network: Network): NetworkCore {
    return network.#core;
  }

  /** 64 hexadecimal digits. */
  get id(): string {
    return this.record.id;
  }

  get name(): string {
    return this.record.name;
  }

  /** The driver's name: `bridge`, `host`, `null` ...; empty for a config-only network. */
  get type(): string {
    return this.record.driver;
  }

  get created(): Date {
    return new Date(this.record.created);
  }

  get scope(): "local" | "global" {
    return this.record.options.scope ?? (this.configOnly ? "local" : this.#core.driver.scope);
  }

  get internal(): boolean {
    return this.record.options.internal;
  }

  get attachable(): boolean {
    return this.record.options.attachable;
  }

  get ingress(): boolean {
    return this.record.options.ingress;
  }

  get dynamic(): boolean {
    return this.record.options.dynamic;
  }

  get ipv4Enabled(): boolean {
    return this.record.options.ipv4;
  }

  get ipv6Enabled(): boolean {
    return this.record.options.ipv6;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.record.options.labels;
  }

  get driverOptions(): Readonly<Record<string, unknown>> {
    return this.record.options.driverOptions;
  }

  /** It only holds options for other networks. */
  get configOnly(): boolean {
    return this.record.options.configOnly;
  }

  /** Name of the config-only network that its options came from. */
  get configFrom(): string | undefined {
    return this.record.options.configFrom;
  }

  /** Made at start-up; it cannot be deleted. */
  get predefined(): boolean {
    return this.record.predefined;
  }

  /** Sandboxes get on it by themselves, where no other network gives them a gateway. */
  get gatewayBridge(): boolean {
    return this.record.gatewayBridge === true;
  }

  get ipamDriver(): string {
    return this.record.options.ipamDriver;
  }

  /** What was asked of the IPAM. */
  get ipamConfig(): readonly IpamConfig[] {
    return this.record.options.ipamConfig;
  }

  /** What the IPAM gave, IPv4 first. */
  get ipamInfo(): readonly IpamData[] {
    return [...ipamData(this.record.pools, 4), ...ipamData(this.record.pools, 6)];
  }

  /**
   * What the endpoints in it are called by those in sandboxes, and for how long that may be kept; {@link records} besides. Those of other hosts
   * are among them while this one has an endpoint of the network in a sandbox.
   */
  names(): readonly NetworkName[] {
    return networkNames(this.#core);
  }

  /** DNS records that were added. */
  records(): readonly NameRecord[] {
    return recordsOf(this.#core);
  }

  /**
   * Adds DNS records, which are found by sandboxes in the network from the next question on.
   *
   * @returns all of the network's
   * @throws invalid_record, invalid_hostname, invalid_address, record_exists, record_conflicts, too_many_records, network_without_names,
   * unknown_option, invalid_option, network_deleted, controller_closed
   */
  addRecords(records: readonly RecordOptions[]): Promise<readonly NameRecord[]> {
    return this.#core.engine.exclusively([this.id], () => addRecords(this.#core, records));
  }

  /**
   * Takes DNS records away: all that a selector matches.
   *
   * @returns those that are left
   * @throws record_not_found where a selector matches none; unknown_option, invalid_option, network_deleted, controller_closed
   */
  removeRecords(selectors: readonly RecordSelector[]): Promise<readonly NameRecord[]> {
    return this.#core.engine.exclusively([this.id], () => removeRecords(this.#core, selectors));
  }

  /** How full the pools are, by subnet. */
  ipamStatus(): readonly PoolStatus[] {
    return this.#core.ipamStatus();
  }

  /** What is stored of it: plain data. */
  get record(): NetworkRecord {
    return this.#core.record;
  }

  /**
   * Makes an endpoint: its addresses are reserved, and the host ports that it publishes.
   *
   * @throws invalid_name, endpoint_name_in_use, address_in_use, address_out_of_range, mac_in_use, port_in_use,
   * unknown_option, invalid_option, network_deleted, controller_closed ...
   */
  createEndpoint(name: string, options: EndpointOptions = {}): Promise<Endpoint> {
    const { engine, id } = this.#core;
    return engine.exclusively([id], () =>
      undoing(async (undo) => {
        const endpoint = await prepareEndpoint(this.#core, name, options, undo);
        await commitMade(engine, undo, put("endpoint", endpoint.record));
        announceEndpoint(endpoint);
        return endpoint.handle;
      }),
    );
  }

  /**
   * Makes an endpoint and puts it into a sandbox: createEndpoint and join in one call and one durable write.
   *
   * @throws what these throw
   */
  async connect(sandbox: Sandbox, name: string, options: EndpointOptions = {}): Promise<Endpoint> {
    requireSandbox(sandbox);
    const { engine, id } = this.#core;
    return engine.exclusively(
      () => [id, ...locksOf(sandbox)],
      async () => {
        const { endpoint, turn } = await undoing(async (undo) => {
          const endpoint = await prepareEndpoint(this.#core, name, options, undo);
          await prepareJoin(endpoint, Sandbox.core(sandbox), undo);
          const turn = await reviewGateway(Sandbox.core(sandbox), undo);
          await commitMade(engine, undo, put("endpoint", endpoint.record), ...turn.changes);
          return { endpoint, turn };
        });
        announceEndpoint(endpoint);
        announceJoin(endpoint);
        await turn.finish();
        return endpoint.handle;
      },
    );
  }

  /**
   * Makes a service: a name and, in mode vip, an address of the network that stand for the endpoints which are made with
   * `service: { name }`.
   *
   * @throws invalid_hostname, service_name_in_use, address_in_use, address_out_of_range, family_disabled, network_without_names,
   * network_without_addresses, contradictory_options, invalid_port, unknown_option, invalid_option, network_deleted, controller_closed ...
   */
  createService(name: string, options: ServiceOptions = {}): Promise<Service> {
    const { engine, id } = this.#core;
    return engine
      .exclusively([id], async () => (await createService(this.#core, name, options)).handle)
      .then(async (service) => {
        await engine.global?.ingress.settle(this.#core);
        return service;
      });
  }

  services(): readonly Service[] {
    return [...this.#core.services].map(({ handle }) => handle);
  }

  serviceByName(name: string): Service | undefined {
    return this.#core.services.byName(name)?.handle;
  }

  /**
   * By id, name, or unique beginning of an id.
   *
   * @throws ambiguous_id
   */
  findService(reference: string): Service | undefined {
    return this.#core.services.find(reference)?.handle;
  }

  endpoints(): readonly Endpoint[] {
    return [...this.#core.endpoints].map(({ handle }) => handle);
  }

  /** Calls `visit` with each endpoint until it answers true. */
  walkEndpoints(visit: (endpoint: Endpoint) => boolean): void {
    for (const { handle } of this.#core.endpoints) if (visit(handle)) return;
  }

  endpointById(id: string): Endpoint | undefined {
    return this.#core.endpoints.byId(id)?.handle;
  }

  endpointByName(name: string): Endpoint | undefined {
    return this.#core.endpoints.byName(name)?.handle;
  }

  /**
   * By id, name, or unique beginning of an id.
   *
   * @throws ambiguous_id
   */
  findEndpoint(reference: string): Endpoint | undefined {
    return this.#core.endpoints.find(reference)?.handle;
  }

  /**
   * Deletes the network. It is out of use when the promise is kept; remains of it in the kernel go soon after.
   *
   * @throws network_has_endpoints, network_has_services, network_predefined, network_in_use_as_config, network_deleted, controller_closed
   */
  delete(): Promise<void> {
    return this.#core.engine.exclusively([this.id], async () => {
      this.#core.assertUsable();
      if (this.predefined) {
        const message = `network "${this.name}" is predefined: it cannot be deleted; controller.uninstall() takes it away`;
        throw forbidden("network_predefined", message);
      }
      await deleteNetwork(this.#core);
    });
  }

  /** How console.log shows it. */
  [inspect.custom](): string {
    const pools = this.ipamInfo.map(({ pool }) => pool).filter((pool) => pool !== "");
    return `Network ${[this.name, this.type, ...pools].join(" ")} (${this.id})`;
  }
}
