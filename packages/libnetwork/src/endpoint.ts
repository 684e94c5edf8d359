/**
 * Endpoint: a service's place in a network. It belongs to one network and joins at most one sandbox.
 */
import type { Driver, PortBinding, StaticRoute } from "./contracts/driver.ts";
import type { RoutedEndpoint } from "./contracts/netstack.ts";
import type { PlainData, StoreChange } from "./contracts/store.ts";
import { conflict, forbidden, notFound } from "./errors.ts";
import { type BindingSelector, bindingText, selectBindings } from "./model/binding-selector.ts";
import type { Engine } from "./model/engine.ts";
import { type PublishOptions, portMappings, publishList } from "./model/publish-options.ts";
import { type EndpointRecord, put, remove } from "./model/records.ts";
import { finishing, type UndoStack, undoing } from "./model/undo.ts";
import type { Network } from "./network.ts";
import { boolean, type Parsed, parseObject } from "./options/parse.ts";
import type { Sandbox } from "./sandbox.ts";

export interface EndpointInfo {
  readonly mac: string;
  /** CIDR. */
  readonly ipv4: string | undefined;
  /** CIDR. */
  readonly ipv6: string | undefined;
  /** Name in the sandbox; undefined while there is none. */
  readonly interfaceName: string | undefined;
  readonly gatewayIpv4: string | undefined;
  readonly gatewayIpv6: string | undefined;
  readonly staticRoutes: readonly StaticRoute[];
  readonly sandbox: Sandbox | undefined;
}

const deleteTable = {
  /** Take it out of its sandbox first. Default: false, which refuses. */
  force: boolean,
};
export interface DeleteEndpointOptions extends Parsed<typeof deleteTable> {}

export class Endpoint {
  readonly network: Network;
  readonly #engine: Engine;
  readonly #driver: Driver;
  #record: EndpointRecord;
  #deleted = false;

  /** For the model: users get endpoints from their network. */
  constructor(engine: Engine, network: Network, driver: Driver, record: EndpointRecord) {
    this.#engine = engine;
    this.network = network;
    this.#driver = driver;
    this.#record = record;
  }

  /** 64 hexadecimal digits. */
  get id(): string {
    return this.#record.id;
  }

  get name(): string {
    return this.#record.name;
  }

  get mac(): string {
    return this.#record.interface.mac;
  }

  /** CIDR; undefined where the network has no IPv4. */
  get ipv4(): string | undefined {
    return this.#record.interface.ipv4;
  }

  /** CIDR; undefined where the network has no IPv6. */
  get ipv6(): string | undefined {
    return this.#record.interface.ipv6;
  }

  get aliases(): readonly string[] {
    return this.#record.options.aliases;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#record.options.labels;
  }

  /** Host ports that lead here. */
  get bindings(): readonly PortBinding[] {
    return this.#record.state.bindings;
  }

  /** The sandbox that it has joined. */
  get sandbox(): Sandbox | undefined {
    const { join } = this.#record;
    return join === undefined ? undefined : this.#engine.sandboxes.byId(join.sandboxId);
  }

  /** What is stored of it: plain data. */
  get record(): EndpointRecord {
    return this.#record;
  }

  info(): EndpointInfo {
    const { interface: addresses, join, options } = this.#record;
    return {
      ...addresses,
      ipv4: addresses.ipv4,
      ipv6: addresses.ipv6,
      interfaceName: join?.interface?.name,
      gatewayIpv4: join?.answer.gatewayIpv4,
      gatewayIpv6: join?.answer.gatewayIpv6,
      staticRoutes: [...(join?.answer.staticRoutes ?? []), ...options.staticRoutes],
      sandbox: this.sandbox,
    };
  }

  /** What the driver tells of it. */
  driverInfo(): Readonly<Record<string, PlainData>> {
    return this.#driver.endpointOperInfo(this.network.id, this.id);
  }

  /**
   * Puts the endpoint into a sandbox. When the promise is kept, the sandbox sends and receives by it, in every family.
   *
   * @throws endpoint_joined, endpoint_deleted, sandbox_deleted, sandbox_shared, sandbox_of_host, interface_name_in_use,
   * controller_closed ...
   */
  join(sandbox: Sandbox): Promise<void> {
    return this.#engine.exclusively([sandbox.id, this.id], () => this.#join(sandbox));
  }

  #join(sandbox: Sandbox): Promise<void> {
    return undoing(async (undo) => {
      await this.prepareJoin(sandbox, undo);
      await this.#engine.commit(put("endpoint", this.#record));
      this.announceJoin();
    });
  }

  /**
   * Takes the endpoint out of its sandbox: nothing gets through any more when the promise is kept.
   *
   * @throws endpoint_not_joined, controller_closed
   */
  leave(sandbox: Sandbox): Promise<void> {
    return this.#engine.exclusively([sandbox.id, this.id], async () => {
      this.#assertUsable();
      if (this.#record.join?.sandboxId !== sandbox.id) {
        throw conflict(
          "endpoint_not_joined",
          `endpoint "${this.name}" is not in sandbox "${sandbox.containerId}"`,
        );
      }
      await this.#leave(sandbox);
    });
  }

  async #leave(sandbox: Sandbox): Promise<void> {
    await this.#engine.commit(this.leaving());
    await this.finishLeave(sandbox, { sandboxStays: true });
  }

  /** Leaves and joins again. For the sandbox, which holds the locks. */
  async rejoin(sandbox: Sandbox): Promise<void> {
    await this.#leave(sandbox);
    await this.#join(sandbox);
  }

  /**
   * Deletes the endpoint; its addresses and host ports are free again.
   *
   * @throws endpoint_joined, endpoint_deleted, controller_closed
   */
  delete(options: DeleteEndpointOptions = {}): Promise<void> {
    const keys = () => [this.network.id, this.id, this.sandbox?.id ?? this.id];
    return this.#engine.exclusively(keys, async () => {
      this.#assertUsable();
      const { force = false } = parseObject(deleteTable, options, "options");
      const joined = this.sandbox;
      if (joined !== undefined && !force) {
        const message = `endpoint "${this.name}" is in sandbox "${joined.containerId}": let it leave first, or use force`;
        throw forbidden("endpoint_joined", message, { sandbox: joined.id });
      }
      await this.#engine.commit(remove("endpoint", this.id));
      await finishing(
        `deleting endpoint "${this.name}"`,
        () => joined && this.finishLeave(joined, { sandboxStays: true }),
        () => this.finishDelete(),
      );
    });
  }

  /**
   * Publishes more ports, joined or not.
   *
   * @returns all bindings of the endpoint
   * @throws port_in_use, invalid_port, unsupported_by_driver, publish_internal ...
   */
  publish(ports: readonly PublishOptions[]): Promise<readonly PortBinding[]> {
    return this.#engine.exclusively([this.id], () =>
      undoing(async (undo) => {
        this.#assertUsable();
        const mappings = portMappings(publishList(ports, "publish"), "publish");
        const { publish, unpublish } = this.#engine.publisher(this.network.type);
        const before = this.#record;
        const state = await publish(this.network.id, this.id, mappings);
        const added = state.bindings.slice(before.state.bindings.length);
        undo.push(() => unpublish(this.network.id, this.id, added));
        undo.push(() => this.#set(before));
        this.#set({ ...before, state });
        await this.#engine.commit(put("endpoint", this.#record));
        this.#emitPorts("endpoint:publish", added);
        return state.bindings;
      }),
    );
  }

  /**
   * Takes published ports back; connections through them end.
   *
   * @returns the bindings that are left
   * @throws binding_not_found where a selector matches none
   */
  unpublish(selectors: readonly BindingSelector[]): Promise<readonly PortBinding[]> {
    return this.#engine.exclusively([this.id], async () => {
      this.#assertUsable();
      const going = selectBindings(this.bindings, selectors, this.name);
      const { unpublish } = this.#engine.publisher(this.network.type);
      const left = this.bindings.filter((binding) => !going.has(binding));
      await this.#engine.commit(
        put("endpoint", { ...this.#record, state: { ...this.#record.state, bindings: left } }),
      );
      this.#set({ ...this.#record, state: await unpublish(this.network.id, this.id, [...going]) });
      this.#emitPorts("endpoint:unpublish", [...going]);
      return this.bindings;
    });
  }

  #emitPorts(type: "endpoint:publish" | "endpoint:unpublish", bindings: readonly PortBinding[]): void {
    this.#engine.events.emit(type, this, {
      network: this.network.id,
      ports: bindings.map(bindingText).join(","),
    });
  }

  #set(record: EndpointRecord): void {
    this.#record = record;
  }

  #assertUsable(): void {
    if (this.#deleted) throw notFound("endpoint_deleted", `endpoint "${this.name}" was deleted`);
  }

  /** Everything of a join but storing it. For the model. */
  async prepareJoin(sandbox: Sandbox, undo: UndoStack): Promise<void> {
    this.#assertUsable();
    const { join } = this.#record;
    if (join !== undefined) {
      const where = this.sandbox?.containerId ?? join.sandboxId;
      throw forbidden(
        "endpoint_joined",
        `endpoint "${this.name}" is in sandbox "${where}" already: let it leave first`,
      );
    }
    sandbox.assertJoinable(this.#driver.traits.sharesHost);
    await sandbox.interfacesGone();
    const answer = await this.#driver.join(this.network.id, this.id, {
      sandboxId: sandbox.id,
      path: sandbox.key ?? "",
    });
    undo.push(() => this.#driver.leave(this.network.id, this.id));
    const before = this.#record;
    undo.push(() => sandbox.writeFiles());
    this.#set({ ...before, join: { sandboxId: sandbox.id, answer } });
    undo.push(() => this.#set(before));
    sandbox.add(this);
    undo.push(() => sandbox.drop(this));
    this.#populate(sandbox, undo);
    sandbox.writeFiles();
  }

  /** Makes the interface of an endpoint that joined before its sandbox had a namespace. For the sandbox. */
  enter(sandbox: Sandbox, undo: UndoStack): void {
    const { join } = this.#record;
    if (join === undefined) return;
    undo.push(async () => {
      this.#set({ ...this.#record, join });
      await this.#driver.leave(this.network.id, this.id);
      await this.#driver.join(this.network.id, this.id, { sandboxId: sandbox.id, path: "" });
    });
    this.#populate(sandbox, undo);
  }

  /** Makes the interface in the sandbox, if the endpoint has one and the sandbox a namespace. */
  #populate(sandbox: Sandbox, undo: UndoStack): void {
    const { join, interface: addresses, options } = this.#record;
    if (join === undefined || sandbox.namespace === undefined) return;
    const { answer } = join;
    if (answer.interface !== undefined) {
      const { netstack, ownerOf } = this.#engine.parts;
      const made = netstack.addInterface({
        namespace: sandbox.namespace,
        owner: ownerOf(this.id),
        interface: answer.interface,
        name: options.interfaceName,
        sysctls: options.sysctls,
        addresses,
        staticRoutes: [...answer.staticRoutes, ...options.staticRoutes],
      });
      undo.push(() => sandbox.retire(made));
      this.#set({ ...this.#record, join: { ...join, interface: made } });
    }
    sandbox.route(undo);
  }

  /** The change that stores it as left. For the model. */
  leaving(): StoreChange {
    const { join: _, ...record } = this.#record;
    return put("endpoint", record);
  }

  /** What follows once it is stored that the endpoint has left. For the model. */
  async finishLeave(sandbox: Sandbox, { sandboxStays }: { readonly sandboxStays: boolean }): Promise<void> {
    const { join, ...record } = this.#record;
    this.#set(record);
    sandbox.drop(this);
    await finishing(
      `taking endpoint "${this.name}" out of its sandbox`,
      () => this.#driver.leave(this.network.id, this.id),
      () => sandboxStays && sandbox.afterLeave(join?.interface),
    );
    this.#engine.events.emit("endpoint:leave", this, { network: this.network.id, sandbox: sandbox.id });
  }

  /** What follows once it is stored that the endpoint is no more. For the model. */
  async finishDelete(): Promise<void> {
    this.#deleted = true;
    this.network.forget(this);
    await finishing(
      `deleting endpoint "${this.name}"`,
      () => this.#driver.deleteEndpoint(this.network.id, this.id),
      () => this.network.releaseAddresses(this.#record.interface),
    );
    this.#engine.events.emit("endpoint:delete", this, { network: this.network.id });
  }

  /** Its part in choosing the sandbox's gateway; undefined without interface. For the model. */
  routed(): RoutedEndpoint | undefined {
    const { join, interface: addresses, options } = this.#record;
    if (join?.interface === undefined) return undefined;
    return {
      endpointId: this.id,
      networkName: this.network.name,
      interface: join.interface,
      addresses,
      gatewayIpv4: join.answer.gatewayIpv4,
      gatewayIpv6: addresses.ipv6 === undefined ? undefined : join.answer.gatewayIpv6,
      priority: options.gatewayPriority,
      internal: this.network.internal,
    };
  }

  announceCreation(): void {
    const { ipv4 = "", ipv6 = "" } = this.#record.interface;
    this.#engine.events.emit("endpoint:create", this, { network: this.network.id, ipv4, ipv6 });
  }

  announceJoin(): void {
    const { join } = this.#record;
    if (join === undefined) return;
    const attributes = {
      network: this.network.id,
      sandbox: join.sandboxId,
      interface: join.interface?.name ?? "",
    };
    this.#engine.events.emit("endpoint:join", this, attributes);
    this.sandbox?.announceGateway();
  }
}
