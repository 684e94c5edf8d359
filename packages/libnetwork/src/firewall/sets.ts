/**
 * The sets and maps of our two tables: everything in the packet filter that grows.
 *
 * A rule looks an element up by its hash, so a thousand elements cost a packet what one costs. `interval` sets hold
 * subnets; they have one element a network, not one an endpoint.
 */
import type { NftDataType, NftElement, NftSet } from "@causeway/kernel";

export interface FirewallSet extends NftSet {
  /** Where nft needs to be told what is compared, because the name of its type does not say: `typeof` it. */
  readonly keyExpression?: string;
  /** Elements may be subnets. */
  readonly interval?: true;
  /** A verdict map: the data is a verdict in nft's language, such as `goto nat`. */
  readonly verdict?: true;
}

/** An element of one of our sets. */
export interface FirewallElement extends NftElement {
  readonly set: FirewallSet;
}

/** Which table a set is in, by the name that the operator chose for both. */
type SetSpec = Omit<FirewallSet, "table" | "name">;

const key = (...types: NftDataType[]): readonly NftDataType[] => types;

const inet = (spec: Omit<SetSpec, "family">): SetSpec => ({ family: "inet", ...spec });
const bridge = (spec: Omit<SetSpec, "family">): SetSpec => ({ family: "bridge", ...spec });

/** nft 1.0.6 has no name for what is in a VXLAN header. */
export const tunnelKey = "udp dport . @th,96,32";

const specs = {
  /** Our bridges. */
  bridges: inet({ key: key("ifname") }),
  /** A bridge and itself: what becomes of traffic inside one network. */
  within: inet({ key: key("ifname", "ifname"), verdict: true }),
  /** What becomes of traffic into a bridge, by family. Every bridge is in it with both. */
  into: inet({ key: key("nf_proto", "ifname"), verdict: true }),
  /** Bridges that have no way out in this family. */
  closed: inet({ key: key("nf_proto", "ifname") }),
  /** Bridges on which the host has no address of this family, and is not to be spoken to. */
  absent: inet({ key: key("nf_proto", "ifname") }),
  /** A host interface, and the bridge whose containers may be reached from it directly. */
  trusted: inet({ key: key("ifname", "ifname") }),

  /** The host's own addresses on our bridges. */
  gateways4: inet({ key: key("ipv4_addr") }),
  gateways6: inet({ key: key("ipv6_addr") }),
  own_gateways4: inet({ key: key("ifname", "ipv4_addr") }),
  own_gateways6: inet({ key: key("ifname", "ipv6_addr") }),

  /** Published ports of one host address. */
  published4: inet({
    key: key("inet_proto", "ipv4_addr", "inet_service"),
    data: key("ipv4_addr", "inet_service"),
  }),
  published6: inet({
    key: key("inet_proto", "ipv6_addr", "inet_service"),
    data: key("ipv6_addr", "inet_service"),
  }),
  /** Published ports of every host address. */
  published_any4: inet({ key: key("inet_proto", "inet_service"), data: key("ipv4_addr", "inet_service") }),
  published_any6: inet({ key: key("inet_proto", "inet_service"), data: key("ipv6_addr", "inet_service") }),
  /** Container ports that are published, under the container's own address. */
  opened4: inet({ key: key("inet_proto", "ipv4_addr", "inet_service") }),
  opened6: inet({ key: key("inet_proto", "ipv6_addr", "inet_service") }),

  /** Bridges with their subnets. */
  home4: inet({ key: key("ifname", "ipv4_addr"), interval: true }),
  home6: inet({ key: key("ifname", "ipv6_addr"), interval: true }),
  /** All those subnets. */
  subnets4: inet({ key: key("ipv4_addr"), interval: true }),
  subnets6: inet({ key: key("ipv6_addr"), interval: true }),
  /** Subnets whose source address is rewritten when they leave their bridge; those of `sources` to a given address. */
  rewritten4: inet({ key: key("ipv4_addr"), interval: true }),
  rewritten6: inet({ key: key("ipv6_addr"), interval: true }),
  sources4: inet({ key: key("ipv4_addr"), data: key("ipv4_addr"), interval: true }),
  sources6: inet({ key: key("ipv6_addr"), data: key("ipv6_addr"), interval: true }),

  /** VXLAN packets, by UDP port and by the header's second word (RFC 7348: the id and a byte of zeros), that devices of this host take. */
  tunnels: inet({ key: key("inet_service", "raw_u32"), keyExpression: tunnelKey }),
  /** Those of all networks that this host knows. */
  tunnel_ids: inet({ key: key("inet_service", "raw_u32"), keyExpression: tunnelKey }),
  /** Where other hosts' tunnels end. */
  tunnel_ends4: inet({ key: key("ipv4_addr") }),
  tunnel_ends6: inet({ key: key("ipv6_addr") }),

  /** Ports of our bridges that may not reach other ports (icc off). */
  apart: bridge({ key: key("ifname") }),
  /** Ports of our bridges that are held to their own addresses. */
  guarded: bridge({ key: key("ifname") }),
  macs: bridge({ key: key("ifname", "ether_addr") }),
  owners4: bridge({ key: key("ifname", "ether_addr", "ipv4_addr") }),
  owners6: bridge({ key: key("ifname", "ether_addr", "ipv6_addr") }),
  /** The IPv6 addresses that a port may advertise itself for: nft 1.0.6 has no name for the target of ND. */
  targets6: bridge({ key: key("ifname", "raw_ipv6"), keyExpression: "iifname . @th,64,128" }),
} satisfies Readonly<Record<string, SetSpec>>;

export type SetName = keyof typeof specs;
export type FirewallSets = Readonly<Record<SetName, FirewallSet>>;

/** The sets of the two tables of this name. */
export function firewallSets(table: string): FirewallSets {
  const named = Object.entries(specs).map(([name, spec]) => [name, { ...spec, table, name }]);
  return Object.freeze(Object.fromEntries(named)) as FirewallSets;
}
