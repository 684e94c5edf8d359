/**
 * Overlay: what the cluster tells a driver whose networks span hosts, and what such a driver has the cluster decide.
 */
import type { MemberState } from "./balancing.ts";
import type { Finding } from "./health.ts";
import type { NamedPort } from "./names.ts";

/** A host of the cluster, as the others reach it. */
export interface ClusterHost {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Where its tunnels end: an IPv4 or IPv6 address of the underlay. */
  readonly address: string;
}

/** An endpoint that is joined on another host, or here: who reaches it how. Plain data, stored in the cluster under the host's lease. */
export interface Peer {
  readonly endpointId: string;
  readonly networkId: string;
  readonly hostId: string;
  /** Where its host's tunnels end. */
  readonly hostAddress: string;
  readonly mac: string;
  /** Without prefix length. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** What it is called in the network: contracts/names.ts. */
  readonly names: readonly string[];
  readonly ports: readonly NamedPort[];
  /** The service that it belongs to, by name, and whether new connections are led to it. */
  readonly service?: PeerService;
}

export interface PeerService {
  readonly name: string;
  readonly state: MemberState;
}

/** A driver that is told of the endpoints that other hosts have in its networks. Of a network that has no endpoint here nothing is told. */
export interface PeerDriver {
  /** New, or in the place of what was told of the same endpoint (another host, another MAC). Returns when the kernel knows. */
  putPeer(peer: Peer): void;
  /** Nothing is wrong with one that is not there. */
  removePeer(networkId: string, endpointId: string): void;
  /** These are all that there are: what else the kernel has is taken out. After a restart, and when the store was away. */
  settlePeers(networkId: string, peers: readonly Peer[]): void;
}

/** Encrypts what goes between hosts, for networks that ask for it. What the cluster tells it: contracts/tunnel-keys.ts. */
export interface TunnelCipher {
  /** UDP port of the tunnels of encrypted networks, and of nothing else on any host of the cluster. */
  readonly port: number;
  /** Bytes that it adds to a packet that is to be of this size on the wire. */
  overhead(outerSize: number): number;
  /** @throws encryption_unsupported where this host cannot encrypt */
  requireSupport(): void;
  /**
   * From now on nothing goes out by the port in the clear, nor comes in by it so. Called before a device is there; nothing is wrong with one
   * call more.
   *
   * @throws encryption_unsupported, ipsec_policy_taken; nothing was made then
   */
  protect(): void;
  /**
   * A network has an endpoint at the host with this address. Where there are many such hosts their tunnels are made by and by; packets that
   * come before are dropped. So with the calls below.
   */
  tunnelTo(networkId: string, hostAddress: string): void;
  /** These are all the hosts that a network has endpoints at. */
  settleTunnels(networkId: string, hostAddresses: Iterable<string>): void;
  /** What of it is not in the kernel any more. */
  inspect(): readonly Finding[];
  /** Makes that again; returns when it is made. */
  mend(): Promise<void>;
}

/** Numbers that only one network of the cluster has. */
export interface NumberClaims {
  /**
   * Takes a number for good: by compare-and-swap, so that no two hosts ever have the same.
   *
   * @param space what the numbers are: `vni`
   * @param wanted this one, or else any within the range
   * @throws number_taken, numbers_exhausted, store_unavailable
   */
  claim(
    space: string,
    range: { readonly from: number; readonly to: number },
    owner: string,
    wanted?: number,
  ): Promise<number>;
  /** Nothing is wrong with a number that the owner does not have. */
  release(space: string, number: number, owner: string): Promise<void>;
}
