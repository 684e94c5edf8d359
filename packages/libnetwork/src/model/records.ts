/**
 * What is stored of each object: plain data, from which a controller that opens again makes the objects.
 */
import type { EndpointInterface, EndpointState, JoinAnswer, PortBinding } from "../contracts/driver.ts";
import type { AddedRecord } from "../contracts/names.ts";
import type { InterfaceState, NamespacePlace } from "../contracts/netstack.ts";
import type { PlainData, StoreChange } from "../contracts/store.ts";
import type { CheckedEndpointOptions } from "./endpoint-options.ts";
import type { CheckedNetworkOptions } from "./network-options.ts";
import type { CheckedSandboxOptions } from "./sandbox-options.ts";
import type { CheckedServiceOptions } from "./services/service-options.ts";

/** A pool of a network, with what the network itself took from it. */
export interface PoolRecord {
  readonly family: 4 | 6;
  readonly addressSpace: string;
  readonly poolId: string;
  /** CIDR; empty where the IPAM hands out no addresses. */
  readonly pool: string;
  readonly subPool?: string;
  /** CIDR. */
  readonly gateway?: string;
  /** Name to CIDR. */
  readonly auxiliaryAddresses: Readonly<Record<string, string>>;
}

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Made at start-up: users cannot delete it. */
  readonly predefined: boolean;
  /** Sandboxes get on it by themselves, where nobody else gives them a gateway: model/gateway. */
  readonly gatewayBridge?: boolean;
  readonly options: CheckedNetworkOptions;
  readonly pools: readonly PoolRecord[];
  /** The driver's own. */
  readonly driverState: PlainData;
  /** Of the cluster: every host knows it, and what is stored here is a copy. */
  readonly shared?: boolean;
  /** DNS records that users added. */
  readonly names?: readonly AddedRecord[];
}

/** An endpoint's place in a sandbox. */
export interface JoinRecord {
  readonly sandboxId: string;
  /** Among the endpoints of the sandbox, the earlier joined the lower. Absent where it was stored before there was one. */
  readonly order?: number;
  readonly answer: JoinAnswer;
  /** Absent without interface, or while the sandbox waits for its namespace. */
  readonly interface?: InterfaceState;
  /** The endpoint's MAC is that of the link that was moved in: nobody had chosen one. */
  readonly macOfLink?: boolean;
}

export interface EndpointRecord {
  readonly id: string;
  readonly networkId: string;
  readonly name: string;
  readonly created: number;
  readonly options: CheckedEndpointOptions;
  readonly interface: EndpointInterface;
  readonly state: EndpointState;
  readonly join?: JoinRecord;
  /** Host ports that are its own, and that somebody else had when the controller opened: at the next start they are tried again. */
  readonly withheld?: readonly PortBinding[];
  /** As its owner said last; absent: as its options say. */
  readonly healthy?: boolean;
  /** The model's own, on the gateway bridge. */
  readonly gateway?: boolean;
  /** An address of it became somebody else's while this host was away from the cluster: it joins nothing any more. */
  readonly yielded?: boolean;
}

export interface ServiceRecord {
  readonly id: string;
  readonly networkId: string;
  readonly name: string;
  readonly created: number;
  readonly options: CheckedServiceOptions;
  /** CIDR. */
  readonly ipv4?: string;
  /** CIDR. */
  readonly ipv6?: string;
}

export interface SandboxRecord {
  readonly id: string;
  readonly containerId: string;
  readonly created: number;
  readonly options: CheckedSandboxOptions;
  /** Absent while somebody else is still to make it. */
  readonly namespace?: NamespacePlace;
  /** The namespace is ours to let go of. */
  readonly ownsNamespace: boolean;
  /** Id of the sandbox whose stack it shares. */
  readonly sharedWith?: string;
  /** Its own container is gone; it lives for those that share it. */
  readonly released?: boolean;
  /** Others do not find it by its names: `sandbox.disableService`. */
  readonly hidden?: boolean;
  /** The model's own: it publishes ports of the services of the network with this id. */
  readonly ingress?: string;
}

/** When it joined, to be compared within one sandbox. Interfaces are numbered as they are made. */
export function joinOrder({ order, interface: made }: JoinRecord): number {
  return order ?? made?.index ?? 0;
}

/** The record of an endpoint that is in no sandbox any more. */
export function withoutJoin({ join, ...record }: EndpointRecord): EndpointRecord {
  return join?.macOfLink === true ? { ...record, interface: { ...record.interface, mac: "" } } : record;
}

export interface RecordOfKind {
  network: NetworkRecord;
  service: ServiceRecord;
  endpoint: EndpointRecord;
  sandbox: SandboxRecord;
}
export type RecordKind = keyof RecordOfKind;

/** The change that stores a record. */
export function put<K extends RecordKind>(kind: K, record: RecordOfKind[K]): StoreChange {
  return { op: "put", kind, id: record.id, value: record as unknown as PlainData };
}

export function remove(kind: RecordKind, id: string): StoreChange {
  return { op: "delete", kind, id };
}
