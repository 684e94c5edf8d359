/**
 * Ports of a namespace's own addresses that lead to others, of which each new connection gets one by chance: in nft's language (context.ts), for
 * they are few, and change seldom. docs: nft(8), "NAT STATEMENTS", "NUMGEN EXPRESSION".
 *
 * What is led nowhere goes on as if nothing of this were there.
 */
import type { NftContext } from "./context.ts";
import { NftError } from "./errors.ts";

/** Where it stands in a namespace. */
export interface LedPortsTable {
  /** Name of a table of family inet, all of which is this. */
  readonly table: string;
  /** Whose it is: the table's comment. */
  readonly owner: string;
  /**
   * The namespace is there for these ports only: what is led on is sent in its own name, so that the answers come back to it, and nothing else
   * is forwarded.
   */
  readonly alone: boolean;
}

export interface LedPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** IPv4 and IPv6; none of a family: that family goes on. */
  readonly targets: readonly { readonly address: string; readonly port: number }[];
}

/** Before `dstnat` (-100): what is led here is led nowhere else. */
const priority = -101;

/**
 * Makes the table as it is to be, in one transaction: these ports and no others. Connections that stand stand on.
 *
 * @throws NftError
 */
export function settleLedPorts(nft: NftContext, place: LedPortsTable, ports: readonly LedPort[]): void {
  const { table } = place;
  nft.run(`table inet ${table}\ndelete table inet ${table}\n${tableText(place, ports)}`);
}

/** The table as the kernel has it, to be held against what it was; undefined where it is not there. */
export function ledPortsListing(nft: NftContext, table: string): string | undefined {
  try {
    return nft.run(`list table inet ${table}`);
  } catch (error) {
    if (error instanceof NftError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** One that is not there is as good as taken away. */
export function removeLedPorts(nft: NftContext, table: string): void {
  nft.run(`table inet ${table}\ndelete table inet ${table}`);
}

function tableText({ table, owner, alone }: LedPortsTable, ports: readonly LedPort[]): string {
  const led = ports.filter(({ targets }) => targets.length > 0);
  const elements = led.map((one) => `${one.protocol} . ${one.port} : goto ${chainOf(one)}`);
  return [
    `table inet ${table} {`,
    `comment "${owner}"`,
    ...led.flatMap(chainText),
    "map ports {",
    "type inet_proto . inet_service : verdict",
    ...(elements.length === 0 ? [] : [`elements = { ${elements.join(", ")} }`]),
    "}",
    ...["prerouting", "output"].flatMap(hookText),
    ...(alone ? aloneText : []),
    "}",
    "",
  ].join("\n");
}

function hookText(hook: string): readonly string[] {
  return [
    `chain ${hook} {`,
    `type nat hook ${hook} priority ${priority}; policy accept`,
    "fib daddr type local meta l4proto . th dport vmap @ports",
    "}",
  ];
}

const aloneText = [
  "chain postrouting {",
  "type nat hook postrouting priority 100; policy accept",
  "ct status dnat masquerade",
  "}",
  "chain forward {",
  "type filter hook forward priority 0; policy drop",
  "ct status dnat accept",
  "ct state related accept",
  "}",
];

function chainText(port: LedPort): readonly string[] {
  const isIpv6 = (address: string) => address.includes(":");
  return [
    `chain ${chainOf(port)} {`,
    ...[false, true].flatMap((ipv6) => {
      const targets = port.targets.filter(({ address }) => isIpv6(address) === ipv6);
      if (targets.length === 0) return [];
      const map = targets.map((target, at) => `${at} : ${target.address} . ${target.port}`);
      const choice = `numgen random mod ${targets.length} map { ${map.join(", ")} }`;
      return [`meta l4proto ${port.protocol} dnat ${ipv6 ? "ip6" : "ip"} to ${choice}`];
    }),
    "}",
  ];
}

const chainOf = ({ protocol, port }: LedPort) => `${protocol}_${port}`;
