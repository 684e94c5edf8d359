// Who is there: the networks, sandboxes and machines of the isolation tests, and how their addresses are named.

import type { PublishOptions } from "@causeway/libnetwork";
import { Outside, type Wire } from "../support/outside.ts";

export const families = [4, 6] as const;
export type Family = (typeof families)[number];
export const protocols = ["tcp", "udp"] as const;
export type Protocol = (typeof protocols)[number];
type Addresses = Readonly<Record<Family, string>>;

/** The wire of `outside`, whose host address is `host1`, and that of `friend`, with `host2`. */
export const wires = {
  outside: { uplink: Outside.uplink, ipv4: "192.0.2", ipv6: "2001:db8:2" },
  friend: { uplink: "uplink1", ipv4: "198.51.100", ipv6: "2001:db8:51" },
} as const satisfies Record<string, Wire>;

const fromWire = ({ ipv4, ipv6 }: Wire, number: number): Addresses => ({
  4: `${ipv4}.${number}`,
  6: `${ipv6}::${number}`,
});

/** Addresses outside of our networks. `source` is one of the host's, for what leaves the network `snat`. */
const fixed: Readonly<Record<string, Addresses>> = {
  host1: fromWire(wires.outside, 1),
  outside: fromWire(wires.outside, 2),
  host2: fromWire(wires.friend, 1),
  friend: fromWire(wires.friend, 2),
  source: fromWire(wires.outside, 77),
  loopback: { 4: "127.0.0.1", 6: "::1" },
};

export interface PlannedNetwork {
  /** Third part of its subnets 172.30.x.0/24 and fd00:30:x::/64. */
  readonly number: number;
  readonly internal?: true;
  readonly driverOptions?: Readonly<Record<string, unknown>>;
  /** Families in which the host has no address in it. */
  readonly withoutHost?: readonly Family[];
  /** A network without IPv6, whose sandboxes help themselves to addresses. */
  readonly ipv4Only?: true;
}

/** The name of a network stands for the host's address in it as well. */
export const networks: Readonly<Record<string, PlannedNetwork>> = {
  front: { number: 1, driverOptions: { trustedHostInterfaces: [wires.friend.uplink] } },
  other: { number: 2 },
  internal: { number: 3, internal: true },
  isolated: {
    number: 4,
    internal: true,
    driverOptions: { gatewayModeIpv4: "isolated", gatewayModeIpv6: "isolated" },
    withoutHost: families,
  },
  quiet: { number: 5, driverOptions: { icc: false } },
  unprotected: {
    number: 6,
    driverOptions: { gatewayModeIpv4: "nat-unprotected", gatewayModeIpv6: "nat-unprotected" },
  },
  routed: { number: 7, driverOptions: { gatewayModeIpv4: "routed", gatewayModeIpv6: "routed" } },
  snat: {
    number: 8,
    driverOptions: { hostIpv4: fromWire(wires.outside, 77)[4], hostIpv6: fromWire(wires.outside, 77)[6] },
  },
  unmasked: { number: 9, driverOptions: { masquerade: false } },
  loose: { number: 10, driverOptions: { antiSpoofing: false } },
  four: { number: 11, driverOptions: { antiSpoofing: false }, withoutHost: [6], ipv4Only: true },
};

interface PlannedSandbox {
  readonly network: string;
  /** Last part of its addresses; the host is 1. */
  readonly number: number;
  readonly publish?: readonly PublishOptions[];
}

/** Published on one address of each family. */
const onBoth = (name: string, ports: PublishOptions): PublishOptions[] =>
  families.map((family) => ({ ...ports, hostAddress: fixedAddress(name, family) }));

export const sandboxes: Readonly<Record<string, PlannedSandbox>> = {
  web: {
    network: "front",
    number: 2,
    publish: [
      { hostPort: 8080, containerPort: 80 },
      ...onBoth("loopback", { hostPort: 8082, containerPort: 82 }),
      ...onBoth("host1", { hostPort: 8083, containerPort: 83 }),
    ],
  },
  sibling: { network: "front", number: 3 },
  third: { network: "front", number: 4 },
  stranger: { network: "other", number: 2 },
  locked: { network: "internal", number: 2 },
  cellmate: { network: "internal", number: 3 },
  hermit: { network: "isolated", number: 2 },
  monk: { network: "isolated", number: 3 },
  shy: { network: "quiet", number: 2, publish: [{ hostPort: 8090, containerPort: 80 }] },
  neighbour: { network: "quiet", number: 3 },
  timid: { network: "quiet", number: 4 },
  open: { network: "unprotected", number: 2, publish: [{ hostPort: 8091, containerPort: 80 }] },
  plain: {
    network: "routed",
    number: 2,
    publish: [{ hostPort: 8095, containerPort: 80 }],
  },
  known: { network: "snat", number: 2 },
  bare: { network: "unmasked", number: 2 },
  loose1: { network: "loose", number: 2 },
  loose2: { network: "loose", number: 3 },
  loose3: { network: "loose", number: 4 },
  smuggler: { network: "four", number: 2 },
};

/** Container ports that have a server; 81 is published nowhere. */
export const servers: Readonly<Record<string, readonly number[]>> = {
  web: [80, 81, 82, 83],
  locked: [80],
  hermit: [80],
  shy: [80, 81],
  open: [80, 81],
  plain: [80, 81],
  outside: [80, 8080],
  friend: [80],
};

/** Services of the host, by the name of the address that they are bound to; `every` is the wildcard. */
export const hostServices = { front: 9001, loopback: 9002, every: 9003 } as const;

function fixedAddress(name: string, family: Family): string {
  const addresses = fixed[name];
  if (addresses === undefined) throw new Error(`nobody is called "${name}"`);
  return addresses[family];
}

/** The address `number` of a network. */
export function addressIn(network: string, family: Family, number: number): string {
  const planned = networks[network];
  if (planned === undefined) throw new Error(`no network is called "${network}"`);
  return family === 4 ? `172.30.${planned.number}.${number}` : `fd00:30:${planned.number}::${number}`;
}

/** The address of a sandbox, of a machine, or of the host. */
export function addressOf(name: string, family: Family): string {
  const sandbox = sandboxes[name];
  if (sandbox !== undefined) return addressIn(sandbox.network, family, sandbox.number);
  return name in networks ? addressIn(name, family, 1) : fixedAddress(name, family);
}

const names = new Map(
  [...Object.keys(sandboxes), ...Object.keys(networks), ...Object.keys(fixed)].flatMap((name) =>
    families.map((family) => [addressOf(name, family), name]),
  ),
);

/** The name of an address; the address where it has none. */
export function nameOf(address: string): string {
  return names.get(address) ?? address;
}
