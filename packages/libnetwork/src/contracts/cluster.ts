/**
 * Cluster: what the hosts decide together, as the model works with it. docs/adr/0028-what-hosts-share.md
 */

import type { CausewayError } from "../errors.ts";
import type { ClusterHost, Peer } from "./overlay.ts";
import type { Availability } from "./shared-store.ts";
import type { PlainData } from "./store.ts";

/** A network that every host knows. */
export interface SharedNetwork {
  readonly id: string;
  /** No two networks of the cluster have the same. */
  readonly name: string;
  /** The model's own. */
  readonly record: PlainData;
}

export interface NetworksListener {
  /** New, or changed, on any host. */
  put(network: SharedNetwork): void;
  deleted(networkId: string): void;
  /** These are all that there are: after each time that the store was away. */
  settled(networkIds: ReadonlySet<string>): void;
}

/** A service that every host knows. Its network's id and its name say which one it is. */
export interface SharedService {
  readonly networkId: string;
  /** No two services of the network have the same. */
  readonly name: string;
  /** The model's own. */
  readonly record: PlainData;
}

/** A port of every host. */
export interface HostPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

export interface ServicesListener {
  /** New, on any host. */
  put(service: SharedService): void;
  deleted(networkId: string, name: string): void;
  /** These are all that there are: after each time that the store was away. */
  settled(services: readonly SharedService[]): void;
}

/** Of one network. */
export interface PeersListener {
  put(peer: Peer): void;
  removed(endpointId: string): void;
  /** These are all that there are. */
  settled(peers: readonly Peer[]): void;
}

export interface HostsListener {
  /** New, or with another address than before. */
  came(host: ClusterHost): void;
  went(host: ClusterHost): void;
}

export interface MembershipListener {
  /** The host is registered, for the first time in this run, or again after its claim had ended: others may have by now what it held. Its life begins after that; where it throws, it is told again. */
  claimed?(): void | Promise<void>;
  /** Its life is a new one: what was put under the one before is gone, or about to be. */
  revived?(): void;
}

/** An address that an endpoint of this host has. */
export interface KeptAddress {
  readonly networkId: string;
  readonly endpointId: string;
  /** Without prefix length. */
  readonly address: string;
  /** Name of the service that the endpoint belongs to. */
  readonly service?: string;
}

/** This host in its cluster, as its program may see it. */
export interface ClusterState {
  /** Id, name, and the address by which the others reach this host. */
  readonly self: ClusterHost;
  /** Whether what the hosts share can be reached. */
  readonly availability: Availability;
  /** Is told when {@link availability} changes, its reason too, until the signal aborts. */
  onAvailability(listener: (now: Availability) => void, signal: AbortSignal): void;
}

/** What fails because the store cannot be reached fails with `store_unavailable`. */
export interface Cluster extends ClusterState {
  /** Why this host is not taken into the cluster although the store can be reached: `host_id_in_use`, `store_forbidden`. Absent: it is, or will be soon. */
  readonly refusal: CausewayError | undefined;
  /** Takes up this host's place; nobody waits for it. What listens has said so before. */
  start(): void;
  /** Gives this host's place up, and what it still holds: nobody waits for its lifetimes to pass. */
  leave(): Promise<void>;
  listen(listener: MembershipListener): void;
  followHosts(listener: HostsListener): void;
  readonly networks: {
    follow(listener: NetworksListener): void;
    /** Makes a network of what was taken for it in this run. @throws network_name_in_use, too_many_addresses */
    create(network: SharedNetwork): Promise<void>;
    /** By the store, not by what this host was told. */
    isThere(id: string): Promise<boolean>;
    /** In the place of what it was. @throws network_not_found */
    change(id: string, changed: (record: PlainData) => PlainData): Promise<void>;
    /** Deletes it, and gives back all that it has. @throws network_has_endpoints, network_has_services, network_not_found, network_going */
    delete(id: string): Promise<void>;
  };
  readonly services: {
    /** Takes host ports for a service that is about to be made: it has all of them, or none. @throws port_in_use */
    takePorts(networkId: string, name: string, ports: readonly HostPort[]): Promise<void>;
    /** For one that was not made. */
    givePortsBack(networkId: string, name: string, ports: readonly HostPort[]): Promise<void>;
    follow(listener: ServicesListener): void;
    /** Makes a service of what was taken for it in this run. @throws service_name_in_use, network_not_found, network_going */
    create(service: SharedService): Promise<void>;
    /** By the store, not by what this host was told. */
    find(networkId: string, name: string): Promise<SharedService | undefined>;
    /** Deletes it, and gives back all that it has. @throws service_has_endpoints, service_not_found, service_going */
    delete(networkId: string, name: string): Promise<void>;
  };
  readonly peers: {
    /** An endpoint has joined here. */
    put(peer: Peer): Promise<void>;
    /** What is told of an endpoint of this host has changed, or was told by a run before: now, or when the store can be reached. */
    putSoon(peer: Peer): void;
    /** It has left: now, or when the store can be reached. */
    remove(networkId: string, endpointId: string): Promise<void>;
    /** Tells of a network's peers, on all hosts, until {@link neglect}; returns when they are told. */
    attend(networkId: string, listener: PeersListener): Promise<void>;
    neglect(networkId: string): void;
  };
  readonly addresses: {
    /**
     * Takes again what endpoints of this host had, where that is not held any more.
     *
     * @returns what others have by now, and what is of networks that are gone
     */
    retake(kept: readonly KeptAddress[]): Promise<readonly KeptAddress[]>;
    /** An endpoint without an address is one for which a network may not be deleted, as well. */
    hold(networkId: string, endpointId: string, service?: string): Promise<void>;
    /** What {@link hold} held is held again, where it is not any more. */
    holdAgain(endpoint: Omit<KeptAddress, "address">): Promise<void>;
    letGo(networkId: string, endpointId: string): Promise<void>;
    /** This host has no endpoints in the network. */
    neglect(networkId: string): void;
  };
  readonly allocations: {
    /** Gives back what earlier runs took for owners that there are no more. */
    settle(isOwner: (id: string) => boolean): Promise<void>;
  };
}
