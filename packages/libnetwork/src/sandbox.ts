/**
 * Sandbox: a container's network stack (interfaces, routes, names), in a network namespace. Many endpoints may join it.
 */
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { addressOf } from "./address/cidr.ts";
import type {
  InterfaceState,
  InterfaceStatistics,
  NamespacePlace,
  RoutingPlan,
} from "./contracts/netstack.ts";
import type { SandboxFileContent, SandboxFilePaths } from "./contracts/sandbox-files.ts";
import type { StoreChange } from "./contracts/store.ts";
import type { Endpoint } from "./endpoint.ts";
import { conflict, forbidden, invalid, notFound } from "./errors.ts";
import { adoptNamespace } from "./model/adoption.ts";
import type { Engine } from "./model/engine.ts";
import { checkedName } from "./model/ids.ts";
import { put, remove, type SandboxRecord } from "./model/records.ts";
import { checkedSandboxOptions, type SandboxOptions } from "./model/sandbox-options.ts";
import { finishing, type UndoStack, undoing } from "./model/undo.ts";
import { oneOf, type Parsed, parseObject } from "./options/parse.ts";

const deleteTable = {
  /** They stay, and may join another sandbox, or go with it. Default: keep. */
  endpoints: oneOf("keep", "delete"),
};
export interface DeleteSandboxOptions extends Parsed<typeof deleteTable> {}
type EndpointsOfDeleted = NonNullable<DeleteSandboxOptions["endpoints"]>;

export class Sandbox {
  readonly #engine: Engine;
  #record: SandboxRecord;
  /** In the order of their joining. */
  readonly #endpoints = new Set<Endpoint>();
  /** Sandboxes of other containers that share this one's stack. */
  readonly #sharers = new Set<Sandbox>();
  /** Interfaces that have left and are still to be seen in the namespace. */
  readonly #leftInterfaces = new Set<string>();
  #routing: RoutingPlan | undefined;
  #announcedGateways = " ";
  #deleted = false;

  /** For the controller: users get sandboxes from it. */
  constructor(engine: Engine, record: SandboxRecord) {
    this.#engine = engine;
    this.#record = record;
    const owner = this.#owner;
    if (owner !== undefined) owner.#sharers.add(this);
  }

  /** 64 hexadecimal digits. */
  get id(): string {
    return this.#record.id;
  }

  get containerId(): string {
    return this.#record.containerId;
  }

  /** The name in lookups: the container's id. */
  get name(): string {
    return this.#record.containerId;
  }

  get created(): Date {
    return new Date(this.#record.created);
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#record.options.labels;
  }

  /** Path of its network namespace; undefined while somebody else is still to make it. */
  get key(): string | undefined {
    return this.namespace?.path;
  }

  /** For the model. */
  get namespace(): NamespacePlace | undefined {
    return this.#owner === undefined ? this.#record.namespace : this.#owner.namespace;
  }

  /**
   * Path of its network namespace: what a container runtime is given.
   *
   * @throws sandbox_without_key while there is none
   */
  get netnsPath(): string {
    return this.#presentNamespace().path;
  }

  #presentNamespace(): NamespacePlace {
    const { namespace } = this;
    if (namespace !== undefined) return namespace;
    throw conflict(
      "sandbox_without_key",
      `sandbox "${this.containerId}" has no namespace yet: adopt one with setKey`,
    );
  }

  /** Files to mount over /etc/hosts, /etc/hostname and /etc/resolv.conf. */
  get files(): SandboxFilePaths {
    return this.#engine.parts.files.paths(this.#owner?.id ?? this.id);
  }

  /** The sandbox whose stack this one shares. */
  get sharedWith(): Sandbox | undefined {
    return this.#owner;
  }

  get usesHostNetwork(): boolean {
    return this.#record.options.useHostNetwork;
  }

  /** In the order of their joining. Those of the sandbox whose stack it shares, where it shares one. */
  endpoints(): readonly Endpoint[] {
    return this.#owner === undefined ? [...this.#endpoints] : this.#owner.endpoints();
  }

  /** The endpoint that traffic to elsewhere leaves by. */
  gateway(family: 4 | 6): Endpoint | undefined {
    const routing = this.#owner === undefined ? this.#routing : this.#owner.#routing;
    const id = family === 4 ? routing?.gatewayEndpointIpv4 : routing?.gatewayEndpointIpv6;
    return id === undefined ? undefined : this.#engine.endpoints.get(id);
  }

  /** What is stored of it: plain data. */
  get record(): SandboxRecord {
    return this.#record;
  }

  get #owner(): Sandbox | undefined {
    const { sharedWith } = this.#record;
    return sharedWith === undefined ? undefined : this.#engine.sandboxes.byId(sharedWith);
  }

  /** Counters of each interface, by its name. */
  statistics(): ReadonlyMap<string, InterfaceStatistics> {
    this.#engine.assertOpen();
    this.#assertUsable();
    const names = this.endpoints().map((endpoint) => endpoint.info().interfaceName);
    return this.#engine.parts.netstack.statistics(
      this.#presentNamespace(),
      names.filter((name) => name !== undefined),
    );
  }

  /**
   * Starts a process in the sandbox's network; everything else is as with child_process.spawn.
   *
   * @throws sandbox_without_key, sandbox_deleted, controller_closed
   */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    this.#engine.assertOpen();
    this.#assertUsable();
    return this.#engine.parts.netstack.spawn(this.#presentNamespace(), command, args, options);
  }

  /**
   * Adopts a namespace that was made elsewhere: the interfaces of endpoints that have joined are made in it.
   *
   * @throws sandbox_has_key, namespace_not_found, namespace_in_use, key_is_host, invalid_path, sandbox_shared ...
   */
  setKey(path: string): Promise<void> {
    const keys = () => [this.id, ...this.#endpointIds()];
    return this.#engine.exclusively(keys, () =>
      undoing(async (undo) => {
        this.#assertUsable();
        this.#refuseShared("set the key");
        if (typeof path !== "string" || !path.startsWith("/")) {
          throw invalid("invalid_path", `key: ${JSON.stringify(path)} is not an absolute path`, path);
        }
        if (this.key !== undefined) {
          throw conflict(
            "sandbox_has_key",
            `sandbox "${this.containerId}" has a namespace already, at ${this.key}`,
          );
        }
        const before = this.#record;
        this.#record = { ...before, namespace: adoptNamespace(this.#engine, path) };
        undo.push(() => {
          this.#record = before;
        });
        for (const endpoint of [...this.#endpoints]) endpoint.enter(this, undo);
        const joined = [...this.#endpoints].map((endpoint) => put("endpoint", endpoint.record));
        await this.#engine.commit(put("sandbox", this.#record), ...joined);
      }),
    );
  }

  /**
   * Takes new options and builds the stack anew: every endpoint leaves and joins again, in the same order.
   *
   * @param given options that change; the way the namespace came to be cannot
   */
  refresh(
    given: Pick<
      SandboxOptions,
      "hostname" | "domainname" | "extraHosts" | "dns" | "dnsSearch" | "dnsOptions" | "labels"
    > = {},
  ): Promise<void> {
    const keys = () => [this.id, ...this.#endpointIds()];
    return this.#engine.exclusively(keys, async () => {
      this.#assertUsable();
      this.#refuseShared("refresh");
      const checked = checkedSandboxOptions(given);
      const changed = Object.fromEntries(
        Object.entries(checked).filter(([name]) => Object.hasOwn(given, name)),
      );
      const record = { ...this.#record, options: { ...this.#record.options, ...changed } };
      await this.#engine.commit(put("sandbox", record));
      this.#record = record;
      for (const endpoint of [...this.#endpoints]) await endpoint.rejoin(this);
      this.writeFiles();
    });
  }

  /**
   * The container got another id.
   *
   * @throws invalid_name, sandbox_exists
   */
  rename(containerId: string): Promise<void> {
    return this.#engine.exclusively([this.id, `container:${containerId}`], async () => {
      this.#assertUsable();
      checkedName("container", containerId);
      const { sandboxes } = this.#engine;
      if (sandboxes.byName(containerId) !== undefined) {
        throw conflict(
          "sandbox_exists",
          `container "${containerId}" has a sandbox already: choose another id`,
          containerId,
        );
      }
      const record = { ...this.#record, containerId };
      await this.#engine.commit(put("sandbox", record));
      sandboxes.remove(this);
      this.#record = record;
      sandboxes.add(this);
    });
  }

  /**
   * Takes every endpoint out and lets go of the namespace: a process that still lives in it is cut off.
   *
   * While other containers share the stack it lives on for them, without its own container.
   *
   * @throws sandbox_deleted, controller_closed
   */
  delete(options: DeleteSandboxOptions = {}): Promise<void> {
    // By its container's name too: one that is being attached is found before it is stored.
    const keys = () => [
      `container:${this.containerId}`,
      this.id,
      ...this.#endpointIds(),
      this.#owner?.id ?? this.id,
    ];
    return this.#engine.exclusively(keys, async () => {
      this.#assertUsable();
      const { endpoints = "keep" } = parseObject(deleteTable, options, "options");
      if (this.#sharers.size > 0) {
        await this.#release();
        return;
      }
      const abandoned = this.#abandonedOwner();
      const going = abandoned === undefined ? [this] : [this, abandoned];
      await this.#engine.commit(...going.flatMap((sandbox) => sandbox.#deletion(endpoints)));
      for (const sandbox of going) await sandbox.#finishDelete(endpoints);
    });
  }

  /** Its own container is gone, and others still share its stack. */
  async #release(): Promise<void> {
    const record = { ...this.#record, released: true };
    await this.#engine.commit(put("sandbox", record));
    this.#record = record;
    this.#engine.events.emit("sandbox:delete", this, { container: this.containerId, shared: "true" });
  }

  /** The sandbox whose stack only this one still uses, its own container being gone: it goes along. */
  #abandonedOwner(): Sandbox | undefined {
    const owner = this.#owner;
    if (owner === undefined || owner.#record.released !== true) return undefined;
    return owner.#sharers.size === 1 ? owner : undefined;
  }

  /** The changes that store the deletion. */
  #deletion(endpoints: EndpointsOfDeleted): readonly StoreChange[] {
    const ofEndpoints = [...this.#endpoints].map((endpoint) =>
      endpoints === "delete" ? remove("endpoint", endpoint.id) : endpoint.leaving(),
    );
    return [...ofEndpoints, remove("sandbox", this.id)];
  }

  async #finishDelete(endpoints: EndpointsOfDeleted): Promise<void> {
    this.#deleted = true;
    const ofEndpoints = [...this.#endpoints].flatMap((endpoint) => [
      () => endpoint.finishLeave(this, { sandboxStays: false }),
      () => endpoints === "delete" && endpoint.finishDelete(),
    ]);
    await finishing(
      `deleting sandbox "${this.containerId}"`,
      ...ofEndpoints,
      () => this.#discard(),
      () => this.#engine.events.emit("sandbox:delete", this, { container: this.containerId }),
    );
  }

  /** Lets go of what the sandbox itself has. For the model. */
  #discard(): void {
    const { netstack, files } = this.#engine.parts;
    const { namespace, ownsNamespace } = this.#record;
    if (ownsNamespace && namespace !== undefined) netstack.releaseNamespace(namespace);
    const owner = this.#owner;
    if (owner !== undefined) owner.#sharers.delete(this);
    files.remove(this.id);
    this.#engine.sandboxes.remove(this);
  }

  /** For the controller, when a sandbox that is not stored yet has to go. */
  abandon(): void {
    this.#deleted = true;
    this.#discard();
  }

  #endpointIds(): readonly string[] {
    return this.endpoints().map(({ id }) => id);
  }

  #assertUsable(): void {
    if (this.#deleted)
      throw notFound("sandbox_deleted", `the sandbox of container "${this.containerId}" was deleted`);
  }

  #refuseShared(verb: string): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    const message = `container "${this.containerId}" shares the network of "${owner.containerId}": ${verb} there`;
    throw forbidden("sandbox_shared", message, { sharedWith: owner.id });
  }

  /** For the model: whether an endpoint of such a driver may join. */
  assertJoinable(sharesHost: boolean): void {
    this.#assertUsable();
    this.#refuseShared("join");
    if (sharesHost === this.usesHostNetwork) return;
    const message = sharesHost
      ? `sandbox "${this.containerId}" has a stack of its own: make it with useHostNetwork to join the host network`
      : `sandbox "${this.containerId}" uses the host's network: it cannot join another`;
    throw forbidden("sandbox_of_host", message);
  }

  /** For the model: whether another container may share this stack. */
  assertShareable(): void {
    this.#assertUsable();
    this.#refuseShared("share");
    if (this.#record.released !== true) return;
    throw conflict(
      "container_not_running",
      `container "${this.containerId}" is gone: its network cannot be shared any more`,
    );
  }

  /** For the model. */
  add(endpoint: Endpoint): void {
    this.#endpoints.add(endpoint);
  }

  /** For the model. */
  drop(endpoint: Endpoint): void {
    this.#endpoints.delete(endpoint);
  }

  /** Waits until interfaces that have left are gone, so that their names are free. For the model. */
  async interfacesGone(): Promise<void> {
    if (this.#leftInterfaces.size === 0 || this.namespace === undefined) return;
    const names = [...this.#leftInterfaces];
    this.#leftInterfaces.clear();
    await this.#engine.parts.netstack.interfacesGone(this.namespace, names);
  }

  /** What follows an endpoint's leave in a sandbox that lives on. For the model. */
  async afterLeave(left: InterfaceState | undefined): Promise<void> {
    await finishing(
      `sandbox "${this.containerId}" without the endpoint`,
      () => left && this.retire(left),
      () => this.route(),
      () => this.writeFiles(),
      () => this.announceGateway(),
    );
  }

  /** Takes an interface out of use whose link is about to go. Its routes go with it, by the kernel. For the model. */
  retire({ name, index }: InterfaceState): void {
    if (this.namespace === undefined) return;
    this.#leftInterfaces.add(name);
    this.#engine.parts.netstack.disableInterface(this.namespace, name);
    const routing = this.#routing;
    if (routing === undefined) return;
    this.#routing = { ...routing, routes: routing.routes.filter(({ link }) => link !== index) };
  }

  /** Chooses the gateways anew and makes the routes so. For the model. */
  route(undo?: UndoStack): void {
    const { namespace } = this;
    if (namespace === undefined) return;
    const { netstack, planRouting } = this.#engine.parts;
    const before = this.#routing;
    const after = this.plan();
    undo?.push(() => {
      this.#routing = before;
      netstack.applyRouting(namespace, after, before ?? planRouting([]));
    });
    netstack.applyRouting(namespace, before, after);
    this.#routing = after;
  }

  /** Tells of a change of the way out since it was last told. For the model. */
  announceGateway(): void {
    const { gatewayEndpointIpv4 = "", gatewayEndpointIpv6 = "" } = this.#routing ?? {};
    const gateways = `${gatewayEndpointIpv4} ${gatewayEndpointIpv6}`;
    if (gateways === this.#announcedGateways) return;
    this.#announcedGateways = gateways;
    this.#engine.events.emit("sandbox:gateway", this, {
      ipv4: gatewayEndpointIpv4,
      ipv6: gatewayEndpointIpv6,
    });
  }

  plan(): RoutingPlan {
    const routed = [...this.#endpoints]
      .map((endpoint) => endpoint.routed())
      .filter((item) => item !== undefined);
    return this.#engine.parts.planRouting(routed);
  }

  /** For the model. */
  writeFiles(): void {
    this.#engine.parts.files.update(this.fileContent());
  }

  /** For the model. */
  fileContent(): SandboxFileContent {
    const { hostname, domainname, extraHosts, dns, dnsSearch, dnsOptions } = this.#record.options;
    const addresses = [...this.#endpoints]
      .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])
      .filter((cidr) => cidr !== undefined);
    return {
      sandboxId: this.id,
      hostname,
      domainname,
      extraHosts,
      dns,
      dnsSearch,
      dnsOptions,
      addresses: addresses.map(addressOf),
    };
  }
}
