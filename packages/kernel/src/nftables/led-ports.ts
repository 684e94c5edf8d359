/**
 * Ports of a namespace's own addresses that lead to others, of which each new connection gets one by chance: linux/netfilter/nf_tables.h, by
 * netlink batches of our own (batch.ts).
 *
 * A verdict map leads each port to a chain of its own, so that a change is one transaction that touches nothing of the other ports, and costs the
 * same however many there are. libnftables would list all chains and maps of the table first. What the table is made of: led-port-rules.ts.
 *
 * What is led nowhere goes on as if nothing of this were there. All of it is done in the namespace that the calling thread is in.
 */
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { carryOutHere } from "./batch.ts";
import { LedPortMessages, tableFamily, wantedTable } from "./led-port-rules.ts";
import { TableReader } from "./table-listing.ts";
import { deleteTable, newTable } from "./table-messages.ts";

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

/** A protocol's port stands once in what is told of a table. */
export interface LedPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  /** IPv4 and IPv6, one at least; none of a family: that family goes on. */
  readonly targets: readonly { readonly address: string; readonly port: number }[];
}

export interface LedPortsChange {
  /** Those that were not there. */
  readonly add: readonly LedPort[];
  /** Those that were there, and lead elsewhere now. */
  readonly alter: readonly LedPort[];
  readonly remove: readonly LedPort[];
}

/**
 * Makes the table as it is to be, in one transaction: these ports and no others, whatever it was. Connections that stand stand on.
 *
 * @throws KernelError EOPNOTSUPP, ENOENT (no nf_tables), EPERM ...
 */
export function settleLedPorts(place: LedPortsTable, ports: readonly LedPort[]): void {
  const messages = new LedPortMessages(place.table);
  carryOutHere([
    newTable(tableFamily, place.table, place.owner),
    deleteTable(tableFamily, place.table),
    ...messages.frame(place),
    ...ports.flatMap((port) => messages.add(port)),
  ]);
}

/**
 * Changes some ports of a table that stands, in one transaction; its cost does not depend on the others.
 *
 * @throws KernelError ENOENT, EEXIST, EBUSY where the table is not there, or not as it was left: {@link settleLedPorts} makes it
 */
export function changeLedPorts({ table }: LedPortsTable, { add, alter, remove }: LedPortsChange): void {
  const messages = new LedPortMessages(table);
  carryOutHere([
    ...remove.flatMap((port) => messages.remove(port)),
    ...alter.flatMap((port) => messages.alter(port)),
    ...add.flatMap((port) => messages.add(port)),
  ]);
}

/** True where the table stands as {@link settleLedPorts} makes it; costs as much as there are ports. */
export function areLedPortsSettled(place: LedPortsTable, ports: readonly LedPort[]): boolean {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  return new TableReader(socket, tableFamily, place.table).isAs(wantedTable(place, ports));
}

/** True where there is a table of the name, whatever is in it. */
export function haveLedPorts(table: string): boolean {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  return new TableReader(socket, tableFamily, table).exists;
}

/** One that is not there is as good as taken away. */
export function removeLedPorts(table: string): void {
  // A batch that is refused costs 8 ms, and mostly there is none.
  if (haveLedPorts(table)) carryOutHere([newTable(tableFamily, table, ""), deleteTable(tableFamily, table)]);
}
