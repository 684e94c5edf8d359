/**
 * Driver: makes one type of network real. The model keeps identity, addresses and order; the driver knows the kernel
 * objects. Everything that crosses this border is plain data.
 *
 * A driver may answer at once or promise: built-in ones answer at once, so that an attach waits for nothing.
 */

import type { TransportProtocol } from "./firewall.ts";
import type { HealthItem } from "./health.ts";
import type { NamespacePlace } from "./netstack.ts";
import type { ClusterHost, PeerDriver } from "./overlay.ts";
import type { PlainData } from "./store.ts";

/** Options as the user gave them: the driver validates them. */
export type DriverOptions = Readonly<Record<string, unknown>>;

/** What the IPAM gave a network, for one family and subnet. */
export interface IpamData {
  readonly addressSpace: string;
  /** CIDR; empty where the IPAM hands out no addresses. */
  readonly pool: string;
  /** CIDR of the host's address in the network; undefined where there is to be none. */
  readonly gateway: string | undefined;
  /** Name to CIDR. */
  readonly auxiliaryAddresses: Readonly<Record<string, string>>;
}

export interface NetworkSpec {
  readonly id: string;
  readonly name: string;
  readonly internal: boolean;
  readonly options: DriverOptions;
  readonly ipv4: readonly IpamData[];
  readonly ipv6: readonly IpamData[];
}

/** A host port that leads to an endpoint, as the user asks for it. */
export interface PortMapping {
  readonly protocol: TransportProtocol;
  readonly containerPort: number;
  /** Undefined: all addresses of the host, IPv4 and IPv6, with the same port. */
  readonly hostAddress?: string;
  /** First port of the range; undefined: any free port. */
  readonly hostPort?: number;
  /** Last port of the range from which one is taken. Default: `hostPort`. */
  readonly hostPortEnd?: number;
}

/** A host port that leads to an endpoint, as it was given. */
export interface PortBinding {
  readonly protocol: TransportProtocol;
  readonly containerPort: number;
  /** `0.0.0.0` or `::` for all addresses of a family. */
  readonly hostAddress: string;
  readonly hostPort: number;
  /** The endpoint's address that it leads to. */
  readonly containerAddress: string;
}

export interface EndpointInterface {
  /** Empty while nobody has chosen one: a driver of others' links need not, and then the link's own is taken. */
  readonly mac: string;
  /** CIDR, or undefined where the network is not of this family. */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

export interface EndpointSpec {
  readonly id: string;
  readonly networkId: string;
  readonly name: string;
  readonly interface: EndpointInterface;
  readonly options: DriverOptions;
  readonly publish: readonly PortMapping[];
  /** The user chose the MAC. */
  readonly macChosen: boolean;
  /** Ports that the container serves, as the user wrote them: `80/tcp`. */
  readonly exposedPorts: readonly string[];
}

/** What a driver keeps of an endpoint: stored with it and handed back on restore. */
export interface EndpointState {
  readonly bindings: readonly PortBinding[];
  /** Anything more, opaque to the model. */
  readonly driver?: PlainData;
}

/** What a driver makes of an endpoint. */
export interface CreatedEndpoint extends EndpointState {
  /** What it chose, of what the endpoint had not; never another value than it was given. */
  readonly chosen?: Partial<EndpointInterface>;
}

/** A host port that could not be taken up again after a restart: somebody else has it, or the host has not got the address. */
export interface WithheldBinding {
  readonly binding: PortBinding;
  readonly error: unknown;
}

/** What {@link DriverHealth.reclaim} took, and what is somebody else's still. */
export interface Reclaimed {
  readonly state: EndpointState;
  readonly withheld: readonly WithheldBinding[];
}

export interface StaticRoute {
  /** CIDR. */
  readonly destination: string;
  /** Undefined: the destination is on the link. */
  readonly nextHop: string | undefined;
}

/** The host's end of a pair as a port of its bridge. */
export interface BridgePortSettings {
  /** Frames may go back by the port they came from. */
  readonly hairpin: boolean;
  /** IFLA_BRPORT_MULTICAST_ROUTER: 0 it never counts as one that leads to a multicast router; 1 it does when one is heard there. */
  readonly multicastRouter: 0 | 1;
  /** Bit X set: frames for 01:80:c2:00:00:0X (IEEE 802.1D) pass the packet filter as all others do. */
  readonly groupForwardMask: number;
}

/** How the interface in the sandbox comes to be. */
export type InterfacePlan =
  | {
      /** A pair is made: one end on a bridge, the other in the sandbox, in one request. */
      readonly kind: "veth";
      readonly hostName: string;
      /** Index of the bridge. */
      readonly bridgeIndex: number;
      /** Where the bridge is, and the end that is put on it: a namespace of the network's own. Default: the host's. */
      readonly bridgeNamespace?: NamespacePlace;
      readonly port: BridgePortSettings;
    }
  | {
      /**
       * A link that the driver made is moved into the sandbox, and back under its own name when the endpoint leaves: it carries no mark of
       * ours, and is the driver's to delete.
       */
      readonly kind: "move";
      readonly sourceName: string;
    };

/** Gratuitous ARP and unsolicited NA. On a bridge with many ports each costs as much as the rest of a join. */
export interface AnnouncementPlan {
  readonly count: number;
  readonly intervalMs: number;
  /** A neighbour may hold another MAC for an address: the first is made before the join is over, otherwise soon after. */
  readonly urgent: boolean;
}

export interface JoinAnswer {
  /** Undefined: the endpoint adds no interface (host and null networks). */
  readonly interface:
    | {
        readonly plan: InterfacePlan;
        /** The sandbox numbers interfaces behind this, where no name was asked for: `eth` makes eth0, eth1 ... */
        readonly prefix: string;
        readonly mtu: number | undefined;
        readonly announce: AnnouncementPlan;
      }
    | undefined;
  readonly gatewayIpv4: string | undefined;
  readonly gatewayIpv6: string | undefined;
  readonly staticRoutes: readonly StaticRoute[];
  /** The sandbox is to have no way out on this endpoint's account. Default: false, which gets it one where nobody gives a gateway. */
  readonly disableGatewayService?: boolean;
}

/** What a sandbox serves outside, as the driver of the endpoint is told that becomes its way out. */
export interface ExternalPorts {
  /** Host ports of all its endpoints that are not published by their own networks. */
  readonly publish: readonly PortMapping[];
  /** Ports that its endpoints serve, for people to read: `80/tcp`. */
  readonly exposedPorts: readonly string[];
}

export interface SandboxKey {
  readonly sandboxId: string;
  /** Path of the sandbox's network namespace. */
  readonly path: string;
  /** What the sandbox serves outside, with this endpoint in it: told where the driver is a plugin. */
  readonly ports?: ExternalPorts;
}

/** What a driver tells of an endpoint. */
export type OperInfo = Readonly<Record<string, PlainData>>;

export interface DriverTraits {
  /** Users cannot make or delete networks of this driver: there is one, made at start-up. */
  readonly singleton: boolean;
  /** Endpoints get no addresses: the network takes no pool. */
  readonly addressless: boolean;
  /** Endpoints join the host's own stack, and nothing else. */
  readonly sharesHost: boolean;
  /** What it makes is somebody else's, carries no mark of ours, and stays when we are killed: what is asked of it is stored before. */
  readonly remote: boolean;
}

/** A small record of the driver's own that outlives the process. */
export interface DriverMemory {
  read(): PlainData | undefined;
  write(value: PlainData): void;
}

export interface Driver extends Partial<PortPublisher>, Partial<ExternalConnectivity>, Partial<PeerDriver> {
  /** The name that networks are made with: `bridge`, `host` ... */
  readonly type: string;
  readonly scope: "local" | "global";
  readonly traits: DriverTraits;

  /** Sees to it that whoever does the work can be asked. Absent where that is the driver itself. */
  connect?(): Promise<void>;

  /** Checks options before anything is allocated, so that bad input changes nothing. Throws `invalid` or `conflict`. */
  validateNetwork(spec: Pick<NetworkSpec, "name" | "internal" | "options">): void;
  /** Makes it in the kernel. On an exception nothing is left. Answers what is stored for {@link restoreNetwork}. */
  createNetwork(spec: NetworkSpec): PlainData | Promise<PlainData>;
  /** Takes it out of use at once. */
  deleteNetwork(networkId: string): void | Promise<void>;

  /** Reserves what the endpoint needs of the host (ports). Its addresses are given, as far as the network has any. On an exception nothing is left. */
  createEndpoint(spec: EndpointSpec): CreatedEndpoint | Promise<CreatedEndpoint>;
  deleteEndpoint(networkId: string, endpointId: string): void | Promise<void>;

  /** Prepares the way for the interface that its answer describes. */
  join(networkId: string, endpointId: string, sandbox: SandboxKey): JoinAnswer | Promise<JoinAnswer>;
  /**
   * What a join would answer by now, of an endpoint that has joined: the interface of one whose sandbox waited for its namespace is
   * made later, when ports may have been published and a restart may have made the network's link anew. Default: what it answered then.
   */
  joinAnswer?(networkId: string, endpointId: string): JoinAnswer;
  /** Cuts the endpoint off at once, joined or half joined. What takes long is left to the reaper. */
  leave(networkId: string, endpointId: string): void | Promise<void>;

  /** The network that stands on a link of the host which has no mark of ours. Default: no such link is used. */
  networkOn?(linkName: string): string | undefined;

  endpointOperInfo(networkId: string, endpointId: string): OperInfo | Promise<OperInfo>;

  /** After a restart: takes up what is stored, and mends in the kernel what is missing. */
  restoreNetwork(spec: NetworkSpec, state: PlainData): void | Promise<void>;
  /** Answers which of its host ports it goes without. */
  restoreEndpoint(
    spec: EndpointSpec,
    state: EndpointState,
    joined: boolean,
  ): readonly WithheldBinding[] | Promise<readonly WithheldBinding[]>;

  /** After everything was restored and the firewall stands: what must not come before it. */
  restored?(): void | Promise<void>;

  /** Another host of the cluster has deleted the network: what of it is on this host goes. Default: {@link deleteNetwork}. */
  forgetNetwork?(networkId: string): void | Promise<void>;
  /**
   * A host of the cluster is there: told to drivers of global scope. libnetwork's call of the same name.
   *
   * @param isSelf it is this one
   */
  discoverNew?(host: ClusterHost, isSelf: boolean): void | Promise<void>;
  discoverDelete?(host: ClusterHost, isSelf: boolean): void | Promise<void>;

  /** Absent where the driver has nothing in the kernel that could go wrong. */
  readonly health?: DriverHealth;

  /** Everything is released; the kernel's objects stay. */
  close(): void | Promise<void>;
}

/**
 * Whether what a driver made is as it is to be, and making it so again. Looking changes nothing; mending touches what is ours, and
 * leaves what is as it should be. Of a network or endpoint that the driver does not know there is nothing to be said.
 */
export interface DriverHealth {
  /** What its networks need of the host. */
  inspectHost(): readonly HealthItem[];
  mendHost(): void | Promise<void>;
  inspectNetwork(networkId: string): readonly HealthItem[];
  mendNetwork(networkId: string): void | Promise<void>;
  /** The host's side of an endpoint that has joined. */
  inspectEndpoint(networkId: string, endpointId: string): readonly HealthItem[];
  mendEndpoint(networkId: string, endpointId: string): void;
  /**
   * Takes host ports that the endpoint had in an earlier run, those that are free by now, and opens them.
   */
  reclaim(networkId: string, endpointId: string, bindings: readonly PortBinding[]): Reclaimed;
}

/**
 * Publishing at the endpoint's own addresses, while it is there. What is published on an endpoint of a driver without it leads to its
 * sandbox's way out: an endpoint with {@link ExternalConnectivity}, or one on the gateway bridge.
 */
export interface PortPublisher {
  publish(
    networkId: string,
    endpointId: string,
    mappings: readonly PortMapping[],
  ): EndpointState | Promise<EndpointState>;
  unpublish(
    networkId: string,
    endpointId: string,
    bindings: readonly PortBinding[],
  ): EndpointState | Promise<EndpointState>;
}

/** Told which endpoint is a sandbox's way out, by gateways' priority: libnetwork's calls of the same names. */
export interface ExternalConnectivity {
  /** The endpoint, which has joined, becomes the way out, and what the sandbox serves outside is to lead to it. On an exception nothing is left. */
  programExternalConnectivity(
    networkId: string,
    endpointId: string,
    ports: ExternalPorts,
  ): void | Promise<void>;
  /** It is the way out no more: another becomes it, or it is about to leave. */
  revokeExternalConnectivity(networkId: string, endpointId: string): void | Promise<void>;
}
