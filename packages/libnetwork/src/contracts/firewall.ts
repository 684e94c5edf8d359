/**
 * Firewall: told what networks, endpoints and published ports there are to be, it makes the host's packet filter so.
 *
 * What is wanted is plain data; how it is compiled is the implementation's. Every `apply` is one transaction of the
 * kernel: all of it holds afterwards, or (on an exception) none.
 */

import type { HealthItem } from "./health.ts";
import type { Tallied } from "./tally.ts";

export type GatewayMode = "nat" | "nat-unprotected" | "routed" | "isolated";

/** What holds for one address family of a network. */
export interface FamilyPolicy {
  /** The network's subnet, CIDR in canonical form. */
  readonly subnet: string;
  /** The host's own address on the bridge; undefined where it has none. */
  readonly gateway: string | undefined;
  readonly gatewayMode: GatewayMode;
  /** Rewrite the source address of what leaves for another network. */
  readonly masquerade: boolean;
  /** Rewrite it to this address of the host; undefined: that of the interface it leaves by. */
  readonly sourceAddress: string | undefined;
}

export interface NetworkPolicy {
  readonly networkId: string;
  /** Interface name of the bridge. */
  readonly bridge: string;
  /** No way in or out. */
  readonly internal: boolean;
  /** Endpoints may reach each other directly (inter-container communication). */
  readonly icc: boolean;
  readonly ipv4: FamilyPolicy | undefined;
  readonly ipv6: FamilyPolicy | undefined;
  /** Host interfaces from which the container's own address and published port may be reached directly. */
  readonly trustedInterfaces: readonly string[];
}

/** An endpoint's place on a bridge: what may come in by this port of it. */
export interface PortPolicy {
  readonly endpointId: string;
  /** Interface name of the host's end. */
  readonly interface: string;
  /** The only source MAC that is let in. */
  readonly mac: string;
  /** The only source addresses that are let in, link-local ones included. */
  readonly addresses: readonly string[];
  /** Hold the port to `mac` and `addresses`. Default: true. */
  readonly guarded?: boolean;
  /**
   * Frames go between this port and the host only, never to another port (icc off). Default: false. Unlike an isolated
   * port, one held apart reaches its neighbours' published ports under either setting of bridge-nf-call-iptables.
   */
  readonly apart?: boolean;
}

/** VXLAN packets with a network's id. */
export interface TunnelPolicy {
  readonly networkId: string;
  /** UDP port that its tunnels end at. */
  readonly port: number;
  /** VXLAN network identifier. */
  readonly vni: number;
  /**
   * A device of this host takes them: they come in from {@link TunnelEnd}s only. Otherwise what comes in is for somebody else. Either way no
   * sandbox sends any to another host, who would take them for this host's own.
   */
  readonly received: boolean;
}

/** Another host, where its tunnels end. */
export interface TunnelEnd {
  /** Who says so: an endpoint there, or the host itself. An address counts as long as one of them says so. */
  readonly saidBy: string;
  readonly address: string;
}

export type TransportProtocol = "tcp" | "udp" | "sctp";

/** One host port that leads to one endpoint, of one address family. */
export interface PublishedPort {
  readonly protocol: TransportProtocol;
  readonly family: 4 | 6;
  /** Undefined: every address of the host, of this family. */
  readonly hostAddress: string | undefined;
  /** Undefined for a routed network: nothing is rewritten, the endpoint's own port is opened. */
  readonly hostPort: number | undefined;
  /** Interface name of the endpoint's bridge. */
  readonly bridge: string;
  /** The endpoint's address, of the same family. */
  readonly address: string;
  readonly port: number;
}

/** The parts of one transaction; `remove` is carried out before `add`. */
export interface FirewallChange {
  readonly add?: FirewallItems;
  readonly remove?: FirewallRemovals;
}

export interface FirewallItems {
  readonly networks?: readonly NetworkPolicy[];
  /** Endpoints to be held to their own addresses (anti-spoofing). */
  readonly ports?: readonly PortPolicy[];
  readonly published?: readonly PublishedPort[];
  readonly tunnels?: readonly TunnelPolicy[];
  readonly tunnelEnds?: readonly TunnelEnd[];
}

/** What is to be removed: networks and ports by their ids. */
export interface FirewallRemovals {
  readonly networks?: readonly Pick<NetworkPolicy, "networkId">[];
  readonly ports?: readonly Pick<PortPolicy, "endpointId">[];
  readonly published?: readonly PublishedPort[];
  readonly tunnels?: readonly Pick<TunnelPolicy, "networkId">[];
  readonly tunnelEnds?: readonly Pick<TunnelEnd, "saidBy">[];
}

/**
 * Link group (IFLA_GROUP) of the bridges that controllers make, whichever on the host: what is forwarded to and from them is
 * for their own controller's tables to decide.
 */
export const bridgeGroup = 0xca05;

/** What becomes of forwarded traffic between interfaces that are not ours. */
export type ForeignForwarding = "drop" | "allow";

export interface Firewall {
  /**
   * It filters, and rewrites addresses, 127.0.0.1 for the host's own use among them, and keeps everybody else from the host's
   * loopback. Where it does not, nothing must be opened for its sake, and nothing left to it.
   */
  readonly active: boolean;
  /**
   * Before {@link install}: remembers what is wanted. Afterwards: makes it so at once.
   *
   * Removing what is not there is no error; adding what is there already is none either.
   */
  apply(change: FirewallChange): void;
  /**
   * Whether tables of ours stand, of an earlier run. Throws `firewall_table_taken` where somebody else has our tables' name.
   * Changes nothing.
   */
  checkTables(): boolean;
  /** Transactions that it has asked the kernel for, since it was made. */
  readonly transactions: Tallied;
  /** Nothing is wanted of it: no network, no port, and what others forward is let pass. */
  readonly isIdle: boolean;
  /** Puts everything that is wanted into the kernel in one transaction, in the place of what an earlier run left. */
  install(): void;
  /** Calls `listener` whenever tables of ours have been put back that were not whole: what began meanwhile passed by no rule. */
  onUnguarded(listener: () => void): void;
  setForeignForwarding(policy: ForeignForwarding): void;
  /**
   * Empties the operator's chains and runs these statements of nftables, in one transaction: what they hold is what these put there.
   *
   * @throws user_rules_refused, and leaves everything as it was; unsupported_without_firewall
   */
  setUserRules(statements: string): void;
  /**
   * How the kernel's tables differ from what is wanted; {@link install} mends what is repairable of it. What the operator has
   * in them is no difference.
   */
  inspect(): readonly HealthItem[];
  /** Other people's rules that drop what networks forward. */
  inspectForeign(): readonly HealthItem[];
  /** Takes everything of ours out of the kernel. */
  uninstall(): void;
  close(): void;
}
