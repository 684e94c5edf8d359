/**
 * Netlink sockets that listen to the kernel's multicast groups.
 */
import type { OwnedFd } from "../sys/fd.ts";
import {
  AF_NETLINK,
  bindSocket,
  growReceiveBuffer,
  openSocket,
  SOCK_RAW,
  setIntOption,
} from "../sys/socket.ts";
import { attachFilter } from "../sys/socket-filter.ts";
import { NETLINK_ADD_MEMBERSHIP, NETLINK_LISTEN_ALL_NSID, SOL_NETLINK } from "./constants.ts";
import { type Filter, filterProgram } from "./filter.ts";

/** Bytes that may wait in the kernel, its own overhead included: about three thousand changes of links. */
const receiveBuffer = 4 * 1024 * 1024;

export interface Subscription {
  /** NETLINK_ROUTE, NETLINK_NETFILTER */
  readonly protocol: number;
  readonly groups: readonly number[];
  /** Default: everything passes. */
  readonly filter?: Filter | undefined;
  /** How many bytes are kept of each datagram that passes the filter. Default: all. */
  readonly keep?: number;
  /** Of every namespace that this one has a number for. Needs CAP_NET_BROADCAST. Default: of this one alone. */
  readonly allNamespaces?: boolean | undefined;
}

/** A non-blocking socket in the calling thread's namespace. */
export function openMulticastSocket(subscription: Subscription): OwnedFd {
  const { protocol, groups, filter, keep, allNamespaces } = subscription;
  const socket = openSocket(AF_NETLINK, SOCK_RAW, protocol, { nonBlocking: true });
  try {
    growReceiveBuffer(socket, receiveBuffer);
    if (filter !== undefined || keep !== undefined) attachFilter(socket, filterProgram(filter ?? [[]], keep));
    if (allNamespaces === true) setIntOption(socket, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1);
    // Before the groups: binding sets the list of groups anew.
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK);
    bindSocket(socket, address, "netlink");
    for (const group of groups) setIntOption(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}
