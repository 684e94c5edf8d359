/**
 * A controller on a world of plain maps, in which any call to a room behind the model can be made to fail.
 */
import { ClusterIpam } from "../cluster/cluster-ipam.ts";
import { HostCluster } from "../cluster/host-cluster.ts";
import type {
  Driver,
  DriverTraits,
  EndpointSpec,
  EndpointState,
  ExternalPorts,
  JoinAnswer,
  NetworkSpec,
  PortBinding,
  PortMapping,
  PortPublisher,
} from "../contracts/driver.ts";
import type {
  AddedInterface,
  GuestInterface,
  InterfaceRequest,
  NamespacePlace,
  NetStack,
  RoutingPlan,
} from "../contracts/netstack.ts";
import type { Peer } from "../contracts/overlay.ts";
import type { SandboxFileContent, SandboxFilePaths, SandboxFiles } from "../contracts/sandbox-files.ts";
import type { SharedStore } from "../contracts/shared-store.ts";
import type { PlainData } from "../contracts/store.ts";
import { Controller } from "../controller.ts";
import { notFound } from "../errors.ts";
import { NoFirewall } from "../firewall/none.ts";
import { DefaultIpam } from "../ipam/default-ipam.ts";
import { planRouting } from "../netstack/routing.ts";
import { MemoryStore } from "../store/memory-store.ts";
import type { Engine, ModelParts } from "./engine.ts";

/** Counts calls, and makes one of them fail. */
export class Faults {
  #calls = 0;
  #failAt = 0;
  #lasting = false;
  #failing: string | undefined;
  /** What was called since {@link arm}. */
  readonly log: string[] = [];

  /**
   * Makes the call of this number fail, before it does anything; 0: none.
   *
   * @param lasting and from then on every call of the same name
   */
  arm(failAt: number, { lasting = false } = {}): void {
    this.#calls = 0;
    this.#failAt = failAt;
    this.#lasting = lasting;
    this.#failing = undefined;
    this.log.length = 0;
  }

  /** The part, with the methods of these names watched. */
  watch<T extends object>(label: string, part: T, names: readonly (keyof T & string)[]): T {
    return new Proxy(part, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function") return value;
        const method = value.bind(target);
        if (!names.some((name) => name === property)) return method;
        return (...args: unknown[]) => {
          const name = `${label}.${String(property)}`;
          this.log.push(name);
          const isMeant = ++this.#calls === this.#failAt;
          if (isMeant && this.#lasting) this.#failing = name;
          if (isMeant || name === this.#failing) throw new Error(`injected into ${name}`);
          return method(...args);
        };
      },
    });
  }
}

/** Networks of a driver that makes nothing. */
class FakeDriver implements Driver {
  readonly type: string = "bridge";
  readonly scope: Driver["scope"] = "local";
  readonly traits: DriverTraits = { singleton: false, addressless: false, sharesHost: false, remote: false };
  readonly networks = new Map<string, { readonly spec: NetworkSpec }>();
  readonly endpoints = new Map<string, { joined: boolean; ipv4: string; bindings: readonly PortBinding[] }>();
  readonly #netstack: FakeNetStack;
  publish?: PortPublisher["publish"] = (_, endpointId, mappings) => this.#publish(endpointId, mappings);
  unpublish?: PortPublisher["unpublish"] = (_, endpointId, bindings) => this.#unpublish(endpointId, bindings);

  constructor(netstack: FakeNetStack) {
    this.#netstack = netstack;
  }

  validateNetwork(): void {}

  createNetwork(spec: NetworkSpec): PlainData {
    this.networks.set(spec.id, { spec });
    return null;
  }

  deleteNetwork(networkId: string): void {
    this.networks.delete(networkId);
  }

  createEndpoint({ id, publish, interface: { ipv4 = "" } }: EndpointSpec): EndpointState {
    const bindings = publish.map((mapping) => bindingOf(mapping, ipv4));
    this.endpoints.set(id, { joined: false, ipv4, bindings });
    return { bindings };
  }

  deleteEndpoint(_: string, endpointId: string): void {
    this.endpoints.delete(endpointId);
  }

  join(networkId: string, endpointId: string): JoinAnswer {
    this.#endpoint(endpointId).joined = true;
    const { spec } = this.networks.get(networkId) ?? {};
    const gatewayOf = (cidr: string | undefined) => cidr?.slice(0, cidr.indexOf("/"));
    return {
      interface: {
        plan: { kind: "move", sourceName: "x" },
        prefix: "eth",
        mtu: undefined,
        announce: { count: 0, intervalMs: 0, urgent: false },
      },
      gatewayIpv4: gatewayOf(spec?.ipv4[0]?.gateway),
      gatewayIpv6: gatewayOf(spec?.ipv6[0]?.gateway),
      staticRoutes: [],
    };
  }

  leave(_: string, endpointId: string): void {
    this.#endpoint(endpointId).joined = false;
    this.#netstack.removeOf(endpointId);
  }

  #publish(endpointId: string, mappings: readonly PortMapping[]): EndpointState {
    const endpoint = this.#endpoint(endpointId);
    endpoint.bindings = [
      ...endpoint.bindings,
      ...mappings.map((mapping) => bindingOf(mapping, endpoint.ipv4)),
    ];
    return { bindings: endpoint.bindings };
  }

  #unpublish(endpointId: string, bindings: readonly PortBinding[]): EndpointState {
    const endpoint = this.#endpoint(endpointId);
    const ports = bindings.map(({ hostPort }) => hostPort);
    endpoint.bindings = endpoint.bindings.filter(({ hostPort }) => !ports.includes(hostPort));
    return { bindings: endpoint.bindings };
  }

  endpointOperInfo(): Readonly<Record<string, PlainData>> {
    return {};
  }

  restoreNetwork(_: NetworkSpec): void {}
  restoreEndpoint(): readonly [] {
    return [];
  }
  close(): void {}

  #endpoint(id: string) {
    const endpoint = this.endpoints.get(id);
    if (endpoint === undefined) throw notFound("endpoint_not_found", `no endpoint ${id}`);
    return endpoint;
  }
}

/** A plugin's: it publishes nothing, is told which endpoint is the way out, and answers a join as the network's options say. */
class FakePlugin extends FakeDriver {
  override readonly type = "plugin";
  /** Endpoints that are ways out by its knowledge, with what they were told. */
  readonly programmed = new Map<string, ExternalPorts>();

  constructor(netstack: FakeNetStack) {
    super(netstack);
    delete this.publish;
    delete this.unpublish;
  }

  override createEndpoint(spec: EndpointSpec): EndpointState {
    return super.createEndpoint({ ...spec, publish: [] });
  }

  override join(networkId: string, endpointId: string): JoinAnswer {
    const { gatewayIpv4, gatewayIpv6, ...answer } = super.join(networkId, endpointId);
    const { gateway, defaultRoute, declines } = this.networks.get(networkId)?.spec.options ?? {};
    return {
      ...answer,
      gatewayIpv4: gateway === true ? gatewayIpv4 : undefined,
      gatewayIpv6: gateway === true ? gatewayIpv6 : undefined,
      staticRoutes: defaultRoute === true ? [{ destination: "0.0.0.0/0", nextHop: undefined }] : [],
      ...(declines === true && { disableGatewayService: true }),
    };
  }

  programExternalConnectivity(_: string, endpointId: string, ports: ExternalPorts): void {
    this.programmed.set(endpointId, ports);
  }

  revokeExternalConnectivity(_: string, endpointId: string): void {
    this.programmed.delete(endpointId);
  }
}

/** Networks that hosts share: it keeps what it is told of endpoints. */
class FakeOverlay extends FakeDriver {
  override readonly type = "overlay";
  override readonly scope = "global";
  readonly peers = new Map<string, Peer>();

  constructor(netstack: FakeNetStack) {
    super(netstack);
    delete this.publish;
    delete this.unpublish;
  }

  override restoreNetwork(spec: NetworkSpec): void {
    this.networks.set(spec.id, { spec });
  }

  putPeer(peer: Peer): void {
    this.peers.set(peer.endpointId, peer);
  }

  removePeer(_: string, endpointId: string): void {
    this.peers.delete(endpointId);
  }

  settlePeers(networkId: string, peers: readonly Peer[]): void {
    for (const [id, peer] of this.peers) if (peer.networkId === networkId) this.peers.delete(id);
    for (const peer of peers) this.peers.set(peer.endpointId, peer);
  }
}

function bindingOf(mapping: PortMapping, ipv4: string): PortBinding {
  const { protocol, containerPort, hostPort = 1 } = mapping;
  return { protocol, containerPort, hostPort, hostAddress: "0.0.0.0", containerAddress: ipv4 };
}

/** Namespaces that are maps of interfaces. */
class FakeNetStack implements Omit<NetStack, "spawn"> {
  /** `/elsewhere` is somebody else's. */
  readonly namespaces = new Map<string, Map<string, { readonly owner: string }>>([["/elsewhere", new Map()]]);
  readonly routes = new Map<string, string>();
  /** Paths and names of interfaces that were made, and not taken out of use since. */
  readonly inUse = new Set<string>();

  createNamespace(sandboxId: string): NamespacePlace {
    const path = `/run/${sandboxId}`;
    this.namespaces.set(path, new Map());
    return { path, identity: path };
  }

  hostNamespace(): NamespacePlace {
    return { path: "/host", identity: "/host" };
  }

  adoptNamespace(path: string): NamespacePlace {
    return { path, identity: path };
  }

  isThere({ path }: NamespacePlace): boolean {
    return this.namespaces.has(path);
  }

  releaseNamespace({ path }: NamespacePlace): void {
    this.namespaces.delete(path);
    this.routes.delete(path);
    for (const used of this.inUse) if (used.startsWith(`${path} `)) this.inUse.delete(used);
  }

  sweptLinksGone(): undefined {}

  sweep(): void {}

  addInterface({ namespace, owner, addresses }: InterfaceRequest): AddedInterface {
    const interfaces = this.namespaces.get(namespace.path) ?? new Map();
    let index = 0;
    while (interfaces.has(`eth${index}`)) index++;
    interfaces.set(`eth${index}`, { owner });
    this.inUse.add(`${namespace.path} eth${index}`);
    return { name: `eth${index}`, index, mac: addresses.mac };
  }

  disableInterface({ path }: NamespacePlace, name: string): void {
    this.inUse.delete(`${path} ${name}`);
  }

  returnInterface({ path }: NamespacePlace, { name }: GuestInterface): void {
    this.namespaces.get(path)?.delete(name);
    this.inUse.delete(`${path} ${name}`);
  }

  removeOf(owner: string): void {
    for (const interfaces of this.namespaces.values()) {
      for (const [name, made] of interfaces) if (made.owner === owner) interfaces.delete(name);
    }
  }

  async interfacesGone(): Promise<void> {}

  applyRouting({ path }: NamespacePlace, _: RoutingPlan | undefined, after: RoutingPlan): void {
    if (after.routes.length > 0) this.routes.set(path, JSON.stringify(after.routes));
    else this.routes.delete(path);
  }

  statistics() {
    return new Map();
  }

  leftPolicy(): RoutingPlan {
    return planRouting([]);
  }

  interfaces() {
    return [];
  }

  interfaceStates() {
    return [];
  }

  hostPrefixes(): readonly string[] {
    return [];
  }

  marked() {
    return { links: [], namespaces: [] };
  }

  async reaped(): Promise<void> {}

  mendInterface(): void {}

  routing() {
    return { routes: [], rules: [] };
  }

  hostNameServers(): readonly string[] {
    return [];
  }

  inspectHost() {
    return [];
  }

  uninstall(): void {}

  close(): void {}
}

class FakeFiles implements SandboxFiles {
  readonly contents = new Map<string, string>();

  create(content: SandboxFileContent): SandboxFilePaths {
    this.update(content);
    return this.paths();
  }

  update(content: SandboxFileContent): void {
    this.contents.set(content.sandboxId, JSON.stringify(content));
  }

  review(content: SandboxFileContent): void {
    this.update(content);
  }

  paths(): SandboxFilePaths {
    return { hosts: "", hostname: "", resolvConf: "" };
  }

  remove(sandboxId: string): void {
    this.contents.delete(sandboxId);
  }

  missing(): readonly string[] {
    return [];
  }

  edited(): readonly string[] {
    return [];
  }

  mend(): void {}

  list(): readonly string[] {
    return [];
  }
}

/** One of the hosts of a cluster. */
interface SharedHost {
  readonly id: string;
  readonly store: SharedStore;
}

/** A controller whose rooms are fakes, or real ones that touch nothing. */
export class FakeController extends Controller {
  readonly faults: Faults;
  readonly #world: () => unknown;
  readonly #cluster: HostCluster | undefined;

  private constructor(
    engine: Engine,
    faults: Faults,
    world: () => unknown,
    cluster: HostCluster | undefined,
  ) {
    super(engine);
    this.#cluster = cluster;
    this.faults = faults;
    this.#world = world;
  }

  /** @param shared what it shares with others; default: nothing */
  static async open({
    gatewayBridge = true,
    shared,
  }: {
    readonly gatewayBridge?: boolean;
    readonly shared?: SharedHost;
  } = {}): Promise<FakeController> {
    const faults = new Faults();
    const store = new MemoryStore();
    const netstack = new FakeNetStack();
    const driver = new FakeDriver(netstack);
    const plugin = new FakePlugin(netstack);
    const overlay = new FakeOverlay(netstack);
    const cluster =
      shared &&
      new HostCluster(faults.watch("shared", shared.store, ["commit"]), {
        self: { id: shared.id, name: shared.id, address: `192.0.2.${(shared.id.codePointAt(0) ?? 0) % 200}` },
        lifetimes: { life: 10, retention: 600 },
      });
    const files = new FakeFiles();
    const ipam = new DefaultIpam({ seed: "seed" });
    const watched = faults.watch("driver", driver, [
      "createNetwork",
      "deleteNetwork",
      "createEndpoint",
      "deleteEndpoint",
      "join",
      "leave",
      "publish",
      "unpublish",
    ]);
    const watchedPlugin = faults.watch("plugin", plugin, [
      "createEndpoint",
      "deleteEndpoint",
      "join",
      "leave",
      "programExternalConnectivity",
      "revokeExternalConnectivity",
    ]);
    const watchedOverlay = faults.watch("overlay", overlay, [
      "createNetwork",
      "deleteNetwork",
      "createEndpoint",
      "deleteEndpoint",
      "join",
      "leave",
    ]);
    const local = faults.watch("ipam", ipam, ["requestPool", "requestAddress"]);
    const parts: ModelParts = {
      store: faults.watch("store", store, ["commit"]),
      drivers: new Map([
        ["bridge", watched],
        ["plugin", watchedPlugin],
        ...(cluster === undefined ? [] : [["overlay", watchedOverlay] as const]),
      ]),
      cluster,
      plugins: undefined,
      ipams: new Map([["default", cluster === undefined ? local : new ClusterIpam(local, cluster)]]),
      netstack: faults.watch("netstack", netstack as unknown as NetStack, [
        "createNamespace",
        "adoptNamespace",
        "addInterface",
        "applyRouting",
      ]),
      files: faults.watch("files", files, ["create", "update"]),
      resolver: undefined,
      balancer: undefined,
      hostGateways: [],
      gatewayNetwork: gatewayBridge ? {} : undefined,
      firewall: new NoFirewall(),
      directories: [],
      planRouting,
      ownerOf: (id) => id,
    };
    const engine = await Controller.restored(parts);
    engine.events.opened();
    engine.global?.start();
    const poolIds = () => [...driver.networks.values()].map(({ spec }) => spec.ipv4[0]?.pool);
    const world = () =>
      structuredClone({
        records: ["network", "endpoint", "sandbox"].map((kind) =>
          store.list(kind).map(({ id, value }) => ({ id, value })),
        ),
        networks: [...engine.networks].map(({ record }) => record),
        used: [...engine.networks].map((network) => network.ipamStatus()),
        endpoints: [...engine.endpoints.values()].map(({ record }) => record),
        sandboxes: [...engine.sandboxes].map((sandbox) => ({
          record: sandbox.record,
          endpoints: sandbox.endpoints().map(({ id }) => id),
          gateways: [sandbox.gateway(4)?.id, sandbox.gateway(6)?.id],
        })),
        pools: poolIds(),
        driver: [...driver.endpoints],
        plugin: [...plugin.endpoints],
        overlay: [[...overlay.networks.keys()], [...overlay.endpoints], [...overlay.peers]],
        programmed: [...plugin.programmed],
        namespaces: netstack.namespaces,
        interfacesInUse: netstack.inUse,
        routing: netstack.routes,
        files: files.contents,
      });
    return new FakeController(engine, faults, world, cluster);
  }

  /** Everything that there is, in every room: plain data to compare. */
  world(): unknown {
    return this.#world();
  }

  protected override uninstallParts(): void {}
  protected override async closeParts(): Promise<void> {
    await this.#cluster?.close();
  }
}
