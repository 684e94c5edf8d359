/**
 * Addresses that stand for several: what programs in a namespace begin to send there is led to one of the members, chosen by chance:
 * linux/netfilter/nf_tables.h, by netlink batches of our own (batch.ts).
 *
 * A chain of type nat, which the kernel asks once a connection, finds the address in a verdict map and goes on in the address's own chain: it
 * looks up the port, draws a number, and finds the member of that number. So a new connection costs the same however many addresses
 * and members there are, and a change of one address is one transaction that touches nothing of the others. What a connection was led to is
 * connection tracking's to remember: members come and go, and what has begun goes on where it began.
 *
 * Both families and all protocols go by one table of family inet.
 */
import { createHash } from "node:crypto";
import { ipToBytes } from "../codec/inet.ts";
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import type { Request } from "../netlink/message.ts";
import { protocolNumbers } from "../netlink/netfilter.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { isKernelError } from "../sys/errors.ts";
import { carryOutHere } from "./batch.ts";
import {
  chance,
  decide,
  find,
  lead,
  loadFamily,
  loadProtocol,
  loadTrackedProtocol,
  reset,
  unreachable,
  word,
} from "./choosing.ts";
import {
  type Expression,
  goTo,
  ipv4,
  ipv6,
  isRead,
  leadTo,
  load,
  NFT_REG_1,
  numberBytes,
  type PacketField,
  ports,
} from "./expressions.ts";
import { families } from "./families.ts";
import { deleteElements, deleteMap, type MapElement, newElements, newMap } from "./set-messages.ts";
import {
  deleteChain,
  deleteRules,
  deleteTable,
  listRules,
  NF_INET_LOCAL_OUT,
  newBaseChain,
  newChain,
  newRule,
  newTable,
  type Rule,
  type RuleMark,
} from "./table-messages.ts";

/** Where it stands in a namespace. */
export interface BalancingTable {
  /** Name of a table of family inet, all of which is this. */
  readonly table: string;
  /** Whose it is: the table's comment, and the beginning of each rule's. At most 150 bytes. */
  readonly owner: string;
}

/** A port that is asked for, and the members' port that it leads to. */
export interface BalancedPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly to: number;
}

export interface BalancedAddress {
  /** Its chain and maps are named by it: up to 24 letters and digits. */
  readonly id: string;
  /** IPv4 or IPv6. */
  readonly address: string;
  /** Others are refused. Absent: every port and protocol leads to itself. */
  readonly ports?: readonly BalancedPort[];
  /** Addresses of the same family; one that stands twice is chosen twice as often. None: everything is refused at once. */
  readonly members: readonly string[];
}

export interface BalancingChange {
  /** New, or in the place of what there is by the same id. */
  readonly put: readonly BalancedAddress[];
  readonly remove: readonly BalancedAddress[];
}

const tableFamily = "inet";
/** Of the rules: another one's are replaced. */
const version = 1;
/** Behind `dstnat` (-100): what others lead elsewhere in the namespace goes where they say. */
const priority = -95;
const outputChain = "output";
const refuseChain = "refuse";
/** More than anybody has: whoever is root in the namespace may put any number of rules there. */
const mostRules = 200_000;

type Family = "ip" | "ip6";

const familyParts: Readonly<
  Record<Family, { map: string; type: "ipv4_addr" | "ipv6_addr"; destination: PacketField }>
> = {
  ip: { map: "addresses_ipv4", type: "ipv4_addr", destination: ipv4.destination },
  ip6: { map: "addresses_ipv6", type: "ipv6_addr", destination: ipv6.destination },
};
const familyNames = ["ip", "ip6"] as const;

/**
 * Makes the table, in the namespace that the calling thread is in, as it is to be: these addresses and no others. What stands as it is to be is left
 * alone; otherwise all of it is replaced in one transaction, whatever it was, and connections that stand stand on.
 *
 * @throws KernelError EOPNOTSUPP, ENOENT (no nf_tables), EPERM ...
 */
export function settleBalancing(place: BalancingTable, wanted: readonly BalancedAddress[]): void {
  if (isBalanced(place, wanted)) return;
  const { table, owner } = place;
  carryOutHere([
    newTable(tableFamily, table, owner),
    deleteTable(tableFamily, table),
    ...makingTable(place),
    ...wanted.flatMap((address) => makingAddress(place, address)),
  ]);
}

/**
 * Changes some addresses of a table that stands, in one transaction; its cost does not depend on the others.
 *
 * @throws KernelError ENOENT where the table is not there, or not as it was left: {@link settleBalancing} makes it
 */
export function changeBalancing(place: BalancingTable, { put, remove }: BalancingChange): void {
  carryOutHere([
    ...remove.flatMap((address) => removal(place, address)),
    ...put.flatMap((address) => [...clearing(place, address), ...makingAddress(place, address)]),
  ]);
}

/** True where it stands, in the namespace that the calling thread is in, as {@link settleBalancing} makes it. */
export function isBalanced(place: BalancingTable, wanted: readonly BalancedAddress[]): boolean {
  const expected = [
    ...rulesOfTable(place),
    ...wanted.flatMap((address) => rulesOfAddress(place, address)),
  ].map(markText);
  const found = rulesOf(place.table).map(markText);
  // Chains are listed in an order of the kernel's own.
  return found.length === expected.length && found.sort().join("\n") === expected.sort().join("\n");
}

/** Takes the table away, from the namespace that the calling thread is in; one that is not there is as good as taken away. */
export function removeBalancing(table: string): void {
  // A batch that is refused costs 8 ms, and mostly there is none.
  if (rulesOf(table).length === 0) return;
  try {
    carryOutHere([deleteTable(tableFamily, table)]);
  } catch (error) {
    if (!isKernelError(error, "ENOENT")) throw error;
  }
}

/** None where there is no such table. */
function rulesOf(table: string): RuleMark[] {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  return socket.dump(listRules(tableFamily, table), { most: mostRules });
}

function markText({ chain, comment }: { readonly chain: string; readonly comment: string }): string {
  return `${chain} ${comment}`;
}

function makingTable(place: BalancingTable): Request[] {
  const { table, owner } = place;
  return [
    newTable(tableFamily, table, owner),
    ...familyNames.map((family) => {
      const { map, type } = familyParts[family];
      return newMap(tableFamily, table, { name: map, key: [type], data: "verdict" });
    }),
    newChain(tableFamily, table, refuseChain),
    newBaseChain(tableFamily, table, { name: outputChain, type: "nat", hook: NF_INET_LOCAL_OUT, priority }),
    ...rulesOfTable(place).map((rule) => newRule(tableFamily, table, rule)),
  ];
}

function rulesOfTable({ owner }: BalancingTable): Rule[] {
  const comment = `${owner}, version ${version}`;
  return [
    ...familyNames.map((family) => {
      const { map, destination } = familyParts[family];
      const expressions = [
        loadFamily,
        isRead(Uint8Array.of(families[family])),
        load(destination, NFT_REG_1),
        decide(map, NFT_REG_1),
      ];
      return { chain: outputChain, comment, expressions };
    }),
    {
      chain: refuseChain,
      comment,
      expressions: [loadTrackedProtocol, isRead(Uint8Array.of(protocolNumbers.tcp)), reset],
    },
    { chain: refuseChain, comment, expressions: [unreachable] },
  ];
}

/** What an address is made of. Registers: the port's key in words 0 and 1, the port in 2, the member in 4 to 7. */
function makingAddress(place: BalancingTable, address: BalancedAddress): Request[] {
  const { table } = place;
  const { id, members, ports: open } = address;
  const family = familyOf(address);
  const { type, map } = familyParts[family];
  return [
    newChain(tableFamily, table, chainOf(id)),
    newMap(tableFamily, table, membersMap(id, type, members.length)),
    newMap(tableFamily, table, portsMap(id, open?.length ?? 0)),
    ...newElements(tableFamily, table, membersName(id), members.map(memberElement)),
    ...newElements(tableFamily, table, portsName(id), (open ?? []).map(portElement)),
    ...rulesOfAddress(place, address).map((rule) => newRule(tableFamily, table, rule)),
    ...newElements(tableFamily, table, map, [{ key: ipToBytes(address.address), data: goTo(chainOf(id)) }]),
  ];
}

/** Makes room for an address that may be there: all of it but its place in the verdict map. */
function clearing({ table }: BalancingTable, address: BalancedAddress): Request[] {
  const { id } = address;
  const { type } = familyParts[familyOf(address)];
  return [
    newChain(tableFamily, table, chainOf(id)),
    deleteRules(tableFamily, table, chainOf(id)),
    newMap(tableFamily, table, membersMap(id, type, 0)),
    deleteMap(tableFamily, table, membersName(id)),
    newMap(tableFamily, table, portsMap(id, 0)),
    deleteMap(tableFamily, table, portsName(id)),
  ];
}

function removal({ table }: BalancingTable, address: BalancedAddress): Request[] {
  const { id } = address;
  const { map } = familyParts[familyOf(address)];
  return [
    ...deleteElements(tableFamily, table, map, [ipToBytes(address.address)]),
    deleteRules(tableFamily, table, chainOf(id)),
    deleteChain(tableFamily, table, chainOf(id)),
    deleteMap(tableFamily, table, membersName(id)),
    deleteMap(tableFamily, table, portsName(id)),
  ];
}

function rulesOfAddress({ owner }: BalancingTable, address: BalancedAddress): Rule[] {
  const { id, members } = address;
  const chain = chainOf(id);
  const digest = createHash("sha256").update(JSON.stringify(address)).digest("hex").slice(0, 16);
  const comment = `${owner}: ${address.address} is ${members.length} others, ${digest}, version ${version}`;
  const rules = members.length === 0 ? [] : [leading(address)];
  return [...rules, [leadTo(refuseChain)]].map((expressions) => ({ chain, comment, expressions }));
}

function leading(address: BalancedAddress): Expression[] {
  const { id, members } = address;
  const [key, port, member] = [word(0), word(2), word(4)];
  const isOpen = [loadProtocol(key), load(ports.destination, word(1)), find(portsName(id), key, port)];
  return [
    ...(address.ports === undefined ? [] : isOpen),
    chance(members.length, member),
    find(membersName(id), member, member),
    lead(familyOf(address), member, address.ports === undefined ? undefined : port),
  ];
}

function memberElement(member: string, at: number): MapElement {
  return { key: numberBytes(at), data: { value: ipToBytes(member) } };
}

function portElement({ protocol, port, to }: BalancedPort): MapElement {
  const key = Uint8Array.of(protocolNumbers[protocol], 0, 0, 0, port >> 8, port & 0xff, 0, 0);
  return { key, data: { value: Uint8Array.of(to >> 8, to & 0xff) } };
}

function membersMap(id: string, type: "ipv4_addr" | "ipv6_addr", size: number) {
  // Of nft's types the one that is a number in the machine's byte order.
  return { name: membersName(id), key: ["mark"], data: type, size: Math.max(1, size) } as const;
}

function portsMap(id: string, size: number) {
  const key = ["inet_proto", "inet_service"] as const;
  return { name: portsName(id), key, data: "inet_service", size: Math.max(1, size) } as const;
}

const chainOf = (id: string) => `service_${id}`;
const membersName = (id: string) => `members_${id}`;
const portsName = (id: string) => `ports_${id}`;

function familyOf({ address }: BalancedAddress): Family {
  return address.includes(":") ? "ip6" : "ip";
}
