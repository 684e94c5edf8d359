/**
 * Network: a set of endpoints that reach each other directly, apart from all other networks. Made by one driver.
 */
import { addressOf } from "./address/cidr.ts";
import { parseIp } from "./address/ip.ts";
import { macFromIpv4, randomMac } from "./address/mac.ts";
import type { Driver, EndpointInterface, IpamData, NetworkSpec } from "./contracts/driver.ts";
import type { Ipam, PoolStatus } from "./contracts/ipam.ts";
import { Endpoint } from "./endpoint.ts";
import { conflict, forbidden, invalid, notFound } from "./errors.ts";
import { ipamData, releaseAddress, releasePool, takeAddress } from "./model/addressing.ts";
import {
  type CheckedEndpointOptions,
  checkedEndpointOptions,
  type EndpointOptions,
} from "./model/endpoint-options.ts";
import type { Engine } from "./model/engine.ts";
import { checkedName, newId } from "./model/ids.ts";
import type { IpamConfig } from "./model/network-options.ts";
import { type EndpointRecord, type NetworkRecord, put, remove } from "./model/records.ts";
import { Registry } from "./model/registry.ts";
import { finishing, type UndoStack, undoing } from "./model/undo.ts";

/** What a driver is told of a stored network. */
export function networkSpec({ id, name, options, pools }: NetworkRecord): NetworkSpec {
  const { internal, driverOptions } = options;
  return { id, name, internal, options: driverOptions, ipv4: ipamData(pools, 4), ipv6: ipamData(pools, 6) };
}

export class Network {
  readonly #engine: Engine;
  readonly #record: NetworkRecord;
  readonly #endpoints = new Registry<Endpoint>();
  readonly #endpointOfMac = new Map<string, string>();
  #deleted = false;

  /** For the controller: users get networks from it. */
  constructor(engine: Engine, record: NetworkRecord) {
    this.#engine = engine;
    this.#record = record;
  }

  /** 64 hexadecimal digits. */
  get id(): string {
    return this.#record.id;
  }

  get name(): string {
    return this.#record.name;
  }

  /** The driver's name: `bridge`, `host`, `null` ...; empty for a config-only network. */
  get type(): string {
    return this.#record.driver;
  }

  get created(): Date {
    return new Date(this.#record.created);
  }

  get scope(): "local" | "global" {
    return this.#record.options.scope ?? (this.configOnly ? "local" : this.#driver.scope);
  }

  get internal(): boolean {
    return this.#record.options.internal;
  }

  get attachable(): boolean {
    return this.#record.options.attachable;
  }

  get ingress(): boolean {
    return this.#record.options.ingress;
  }

  get dynamic(): boolean {
    return this.#record.options.dynamic;
  }

  get ipv4Enabled(): boolean {
    return this.#record.options.ipv4;
  }

  get ipv6Enabled(): boolean {
    return this.#record.options.ipv6;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#record.options.labels;
  }

  get driverOptions(): Readonly<Record<string, unknown>> {
    return this.#record.options.driverOptions;
  }

  /** It only holds options for other networks. */
  get configOnly(): boolean {
    return this.#record.options.configOnly;
  }

  /** Name of the config-only network that its options came from. */
  get configFrom(): string | undefined {
    return this.#record.options.configFrom;
  }

  /** Made at start-up; it cannot be deleted. */
  get predefined(): boolean {
    return this.#record.predefined;
  }

  get ipamDriver(): string {
    return this.#record.options.ipamDriver;
  }

  /** What was asked of the IPAM. */
  get ipamConfig(): readonly IpamConfig[] {
    return this.#record.options.ipamConfig;
  }

  /** What the IPAM gave, IPv4 first. */
  get ipamInfo(): readonly IpamData[] {
    return [...ipamData(this.#record.pools, 4), ...ipamData(this.#record.pools, 6)];
  }

  /** How full the pools are, by subnet. */
  ipamStatus(): readonly PoolStatus[] {
    const { pools } = this.#record;
    return pools.map(({ poolId }) => this.#ipam.status(poolId)).filter((status) => status !== undefined);
  }

  /** What is stored of it: plain data. */
  get record(): NetworkRecord {
    return this.#record;
  }

  get #driver(): Driver {
    return this.#engine.driver(this.#record.driver);
  }

  get #ipam(): Ipam {
    return this.#engine.ipam(this.#record.options.ipamDriver);
  }

  /**
   * Makes an endpoint: its addresses are reserved, and the host ports that it publishes.
   *
   * @throws invalid_name, endpoint_name_in_use, address_in_use, address_out_of_range, mac_in_use, port_in_use,
   * unknown_option, invalid_option, network_deleted, controller_closed ...
   */
  createEndpoint(name: string, options: EndpointOptions = {}): Promise<Endpoint> {
    return this.#engine.exclusively([this.id], () =>
      undoing(async (undo) => {
        const endpoint = await this.prepareEndpoint(name, options, undo);
        await this.#engine.commit(put("endpoint", endpoint.record));
        endpoint.announceCreation();
        return endpoint;
      }),
    );
  }

  endpoints(): readonly Endpoint[] {
    return [...this.#endpoints];
  }

  /** Calls `visit` with each endpoint until it answers true. */
  walkEndpoints(visit: (endpoint: Endpoint) => boolean): void {
    for (const endpoint of this.#endpoints) if (visit(endpoint)) return;
  }

  endpointById(id: string): Endpoint | undefined {
    return this.#endpoints.byId(id);
  }

  endpointByName(name: string): Endpoint | undefined {
    return this.#endpoints.byName(name);
  }

  /** By id, name, or unique beginning of an id. */
  findEndpoint(reference: string): Endpoint | undefined {
    return this.#endpoints.find(reference);
  }

  /**
   * Deletes the network. It is out of use when the promise is kept; remains of it in the kernel go soon after.
   *
   * @throws network_has_endpoints, network_predefined, network_in_use_as_config, network_deleted, controller_closed
   */
  delete(): Promise<void> {
    return this.#engine.exclusively([this.id], async () => {
      this.#assertUsable();
      if (this.predefined) {
        throw forbidden("network_predefined", `network "${this.name}" is predefined: it cannot be deleted`);
      }
      await this.remove();
    });
  }

  /** As {@link delete}, predefined or not. For the controller. */
  async remove(): Promise<void> {
    const names = this.endpoints().map((endpoint) => endpoint.name);
    if (names.length > 0) {
      const list =
        names.slice(0, 10).join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
      const message = `network "${this.name}" has active endpoints: ${list}; delete them first`;
      throw forbidden("network_has_endpoints", message, { endpoints: names });
    }
    const { networks, events } = this.#engine;
    const user = [...networks].find((network) => network.configFrom === this.name && this.configOnly);
    if (user !== undefined) {
      throw forbidden(
        "network_in_use_as_config",
        `network "${user.name}" has its options from "${this.name}": delete it first`,
      );
    }
    await this.#engine.commit(remove("network", this.id));
    this.#deleted = true;
    networks.remove(this);
    await finishing(
      `deleting network "${this.name}"`,
      () => this.configOnly || this.#driver.deleteNetwork(this.id),
      ...this.#record.pools.map((pool) => () => releasePool(this.#ipam, pool)),
      () => events.emit("network:delete", this, { type: this.type }),
    );
  }

  #assertUsable(): void {
    if (this.#deleted) throw notFound("network_deleted", `network "${this.name}" was deleted`);
  }

  /** Makes an endpoint that is not stored yet. For the model. */
  async prepareEndpoint(name: string, given: EndpointOptions, undo: UndoStack): Promise<Endpoint> {
    this.#assertUsable();
    if (this.configOnly) {
      throw forbidden(
        "network_config_only",
        `network "${this.name}" only holds options: make a network with configFrom "${this.name}"`,
      );
    }
    checkedName("endpoint", name);
    const options = checkedEndpointOptions(given);
    if (this.#endpoints.byName(name) !== undefined) {
      throw conflict(
        "endpoint_name_in_use",
        `network "${this.name}" has an endpoint "${name}": choose another name`,
        name,
      );
    }
    if (options.mac !== undefined) this.#refuseTakenMac(options.mac);
    if (options.publish.length > 0) this.#engine.publisher(this.type);
    const { id, interface: addresses } = { id: newId(), interface: await this.#address(options, undo) };
    const spec = {
      id,
      networkId: this.id,
      name,
      interface: addresses,
      options: options.driverOptions,
      publish: options.publish,
    };
    const state = await this.#driver.createEndpoint(spec);
    undo.push(() => this.#driver.deleteEndpoint(this.id, id));
    const record = {
      id,
      networkId: this.id,
      name,
      created: Date.now(),
      options,
      interface: addresses,
      state,
    };
    const endpoint = this.adopt(record);
    undo.push(() => this.forget(endpoint));
    return endpoint;
  }

  /** MAC and addresses of a new endpoint. */
  async #address(options: CheckedEndpointOptions, undo: UndoStack): Promise<EndpointInterface> {
    const { pools } = this.#record;
    if (options.disableIpv6 && options.ipv6 !== undefined) {
      throw invalid(
        "contradictory_options",
        "options: ipv6 and disableIpv6 exclude each other: give one of them",
      );
    }
    const provisional = options.mac ?? randomMac();
    const take = (family: 4 | 6, address: string | undefined) =>
      takeAddress(this.#ipam, pools, { family, address, mac: provisional }, undo);
    const ipv4 = await take(4, options.ipv4);
    const ipv6 = options.disableIpv6 ? undefined : await take(6, options.ipv6);
    return { mac: options.mac ?? this.#freeMac(ipv4), ipv4, ipv6 };
  }

  /** A MAC that says the IPv4 address: neighbours' entries stay right when the address is used again. */
  #freeMac(ipv4: string | undefined): string {
    const telling = ipv4 === undefined ? undefined : macFromIpv4(parseIp(addressOf(ipv4)));
    return telling === undefined || this.#endpointOfMac.has(telling) ? randomMac() : telling;
  }

  #refuseTakenMac(mac: string): void {
    const taker = this.#endpointOfMac.get(mac);
    if (taker === undefined) return;
    throw conflict(
      "mac_in_use",
      `endpoint "${taker}" of network "${this.name}" has MAC ${mac}: choose another`,
      mac,
    );
  }

  /** Makes the object of a stored endpoint. For the model. */
  adopt(record: EndpointRecord): Endpoint {
    const endpoint = new Endpoint(this.#engine, this, this.#driver, record);
    this.#endpoints.add(endpoint);
    this.#endpointOfMac.set(record.interface.mac, record.name);
    this.#engine.endpoints.set(record.id, endpoint);
    return endpoint;
  }

  /** Forgets an endpoint that is gone. For the model. */
  forget(endpoint: Endpoint): void {
    this.#endpoints.remove(endpoint);
    this.#endpointOfMac.delete(endpoint.mac);
    this.#engine.endpoints.delete(endpoint.id);
  }

  /** Gives an endpoint's addresses back. For the model. */
  async releaseAddresses({ ipv4, ipv6 }: EndpointInterface): Promise<void> {
    for (const cidr of [ipv4, ipv6]) {
      if (cidr !== undefined) await releaseAddress(this.#ipam, this.#record.pools, cidr);
    }
  }
}
