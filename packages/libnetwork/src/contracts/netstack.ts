/**
 * NetStack: the live network of sandboxes, in the kernel. It makes namespaces, puts interfaces, addresses and routes
 * into them, and takes them out again. What it is told is plain data; it remembers nothing that it could ask the kernel.
 */
import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { EndpointInterface, InterfacePlan, JoinAnswer, StaticRoute } from "./driver.ts";
import type { HealthItem } from "./health.ts";

/** A network namespace under a path. Another that comes to be under the path later is not it. */
export interface NamespacePlace {
  readonly path: string;
  /** What tells one namespace from another: device and inode of its nsfs file. */
  readonly identity: string;
}

export interface InterfaceRequest {
  readonly namespace: NamespacePlace;
  /** What the link's alias says: whose it is. */
  readonly owner: string;
  readonly interface: NonNullable<JoinAnswer["interface"]>;
  /** A name that was asked for; undefined: the first free one behind the prefix. */
  readonly name: string | undefined;
  /** The least number behind the prefix. Default: 0. */
  readonly firstNumber?: number;
  /** Settings of the interface, below `net/`: `ipv4/conf/IFNAME/log_martians` with its value. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly addresses: EndpointInterface;
  readonly staticRoutes: readonly StaticRoute[];
}

/** A pair of links with both ends on the host: one on its bridge, the other for somebody else to move. */
export interface PairRequest {
  readonly plan: Extract<InterfacePlan, { kind: "veth" }>;
  readonly farName: string;
  /** Of the far end. */
  readonly mac: string;
  /** Bytes. Undefined: the kernel's. */
  readonly mtu: number | undefined;
  /** Alias of both. */
  readonly owner: string;
}

export interface InterfaceState {
  /** Name in the sandbox. */
  readonly name: string;
  /** Index in the sandbox. */
  readonly index: number;
  /** Of a link of somebody else's, as it was on the host. Absent where it was stored before that was noted. */
  readonly origin?: GuestOrigin;
}

/** What a link was on the host: whoever rules its sandbox may rename and mark it, and make another in its place. */
export interface GuestOrigin {
  readonly kind?: string;
  /** Index of a veth's other end, or of the link that a VLAN or macvlan stands on. */
  readonly parent?: number;
  /** The other end of a pair is on the host, too. */
  readonly paired: boolean;
  readonly alias: string;
  readonly alternativeNames: readonly string[];
}

/** An interface that was put into a sandbox. */
export interface AddedInterface extends InterfaceState {
  /** Empty on a link that has none. */
  readonly mac: string;
}

/** A link of somebody else's that was moved into a sandbox. */
export interface GuestInterface extends InterfaceState {
  /** Its name on the host. */
  readonly sourceName: string;
}

/** An interface as a short look shows it. */
export interface SeenInterface extends InterfaceState {
  readonly up: boolean;
}

/** Packets, bytes, errors and drops since the interface was made, as the sandbox sees them. */
export interface InterfaceStatistics {
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrors: bigint;
  readonly rxDropped: bigint;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly txDropped: bigint;
}

/** An interface as the kernel has it at the moment. */
export interface LiveInterface {
  readonly name: string;
  readonly index: number;
  /** `bridge`, `veth` ...; undefined for a network card. */
  readonly kind: string | undefined;
  readonly up: boolean;
  /** Undefined where there is none, as on a tun. */
  readonly mac: string | undefined;
  readonly mtu: number | undefined;
  /** CIDRs. */
  readonly addresses: readonly string[];
  /** Routers of the default routes that leave by it, or `on-link`. */
  readonly gateways: readonly string[];
  /** Index of the bridge that it is a port of. */
  readonly master: number | undefined;
  /** Index of a veth's other end, or of the link that a VLAN or macvlan stands on; maybe in another namespace. */
  readonly parent: number | undefined;
  /** Whose it is, where it is ours: {@link InterfaceRequest.owner}. */
  readonly owner: string | undefined;
}

/** One endpoint of a sandbox, as far as choosing gateways goes. */
export interface RoutedEndpoint {
  readonly endpointId: string;
  readonly networkName: string;
  readonly interface: InterfaceState;
  readonly addresses: EndpointInterface;
  readonly gatewayIpv4: string | undefined;
  readonly gatewayIpv6: string | undefined;
  /** The higher goes first. */
  readonly priority: number;
  readonly internal: boolean;
  /** It is on the gateway bridge. */
  readonly gatewayBridge: boolean;
}

/** What a sandbox's traffic to elsewhere goes by. */
export interface RoutingPlan {
  /** Endpoint that is the way out, per family. */
  readonly gatewayEndpointIpv4: string | undefined;
  readonly gatewayEndpointIpv6: string | undefined;
  readonly routes: readonly PlannedRoute[];
  readonly rules: readonly PlannedRule[];
}

export interface PlannedRoute {
  readonly destination: string;
  readonly family: 4 | 6;
  readonly gateway: string | undefined;
  readonly link: number;
  readonly table: number;
}

/** A policy rule: which packets are routed by which table, in the order of their priorities. */
export interface PlannedRule {
  readonly family: 4 | 6;
  /** The lower is asked first. */
  readonly priority: number;
  /** Source address; undefined: all packets. */
  readonly from: string | undefined;
  readonly table: number;
  /** Pass over the table's default route, so that later rules decide about what only it would match. */
  readonly exceptDefault: boolean;
}

/** Routes and rules as the kernel has them: of every table but the kernel's own, and without what no plan says. */
export interface LiveRouting {
  readonly routes: readonly PlannedRoute[];
  readonly rules: readonly PlannedRule[];
}

/** What carries our mark or stands in our place, whether anybody wants it or not. */
export interface Marked {
  readonly links: readonly MarkedLink[];
  readonly namespaces: readonly MarkedNamespace[];
}

export interface MarkedLink {
  readonly index: number;
  readonly name: string;
  /** Id of what it belongs to. */
  readonly objectId: string;
  /** Path of the namespace that it is in: a network's own. Default: the host's. */
  readonly inside?: string;
}

export interface MarkedNamespace {
  readonly path: string;
  readonly of: "sandbox" | "network";
  /** What the id of the sandbox or network begins with that it was made for. */
  readonly objectId: string;
}

export interface NetStack {
  /** Makes a namespace and keeps it under the run directory. */
  createNamespace(sandboxId: string): NamespacePlace;
  /** The host's own namespace, under a path of the run directory. */
  hostNamespace(): NamespacePlace;
  /**
   * Makes a namespace that somebody else made fit for a sandbox. Throws `namespace_not_found` where the path shows none,
   * and `key_is_host` where it shows the host's.
   */
  adoptNamespace(path: string): NamespacePlace;
  /** False where it is gone, or the path shows another by now. */
  isThere(namespace: NamespacePlace): boolean;
  /** Lets go of a namespace that {@link createNamespace} made; its links go later, in the reaper's time. */
  releaseNamespace(namespace: NamespacePlace): void;

  /** The links of the host and of networks' own namespaces, and what stands in the run directory's folder of namespaces. */
  marked(): Marked;
  /** Deletes these links, and lets go of these namespaces, in the reaper's time. */
  sweep(stale: Marked): void;
  /** When the links are gone that were swept, and their names free; undefined once they are. */
  sweptLinksGone(): Promise<void> | undefined;
  /** Waits until what is being deleted now has gone. */
  reaped(): Promise<void>;

  /**
   * Makes the interface, addressed, up and announced: when it answers, both families carry packets. Throws `source_interface_missing`
   * where a link is to be moved that is not there.
   */
  addInterface(request: InterfaceRequest): AddedInterface;
  /**
   * Moves a link that {@link addInterface} moved in back to the host, as it came: down, without addresses, whatever it is called by now. Where it is gone, or another has
   * its place, nothing is moved.
   */
  returnInterface(namespace: NamespacePlace, guest: GuestInterface): void;
  /** Gives an interface that is there its MAC and addresses again, and brings it up; what it has besides it keeps. */
  mendInterface(namespace: NamespacePlace, made: InterfaceState, addresses: EndpointInterface): void;
  /** Takes an interface of a sandbox that lives on out of use, at once. Where the namespace is gone, it is. */
  disableInterface(namespace: NamespacePlace, name: string): void;
  /** Waits until the interfaces of these names have gone from the namespace, or a second has passed. */
  interfacesGone(namespace: NamespacePlace, names: readonly string[]): Promise<void>;
  /** Removes and adds what differs between two plans. Where the namespace is gone, there is nothing to do. */
  applyRouting(namespace: NamespacePlace, before: RoutingPlan | undefined, after: RoutingPlan): void;

  // Those below, and addInterface, throw `namespace_not_found` where the namespace is gone.
  statistics(namespace: NamespacePlace, names: readonly string[]): ReadonlyMap<string, InterfaceStatistics>;
  /** Every interface of a namespace but loopback, in the order of their indexes. Default: of the host's. */
  interfaces(namespace?: NamespacePlace): readonly LiveInterface[];
  /** The same, as far as telling whether one is there: a third of the time. */
  interfaceStates(namespace: NamespacePlace): readonly SeenInterface[];
  routing(namespace: NamespacePlace): LiveRouting;
  /** After a restart: the policy rules that an earlier run made, and the routes in tables of their own, as a plan. */
  leftPolicy(namespace: NamespacePlace): RoutingPlan;
  /** Starts a process in the namespace. */
  spawn(
    namespace: NamespacePlace,
    command: string,
    args: readonly string[],
    options: SpawnOptions,
  ): ChildProcess;
  /** Subnets that the host has routes to, and its name servers: where automatic pools keep away from. */
  hostPrefixes(): readonly string[];
  /** The host's name servers, without prefix length. */
  hostNameServers(): readonly string[];
  /** Conditions of the host that break sandboxes' networking. */
  inspectHost(): readonly HealthItem[];

  /** Takes out of the run directory what outlives {@link close}: the host's namespace. No sandbox may use it any more. */
  uninstall(): void;
  close(): void | Promise<void>;
}
