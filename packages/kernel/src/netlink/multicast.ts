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
import { NETLINK_ADD_MEMBERSHIP, SOL_NETLINK } from "./constants.ts";

/** Bytes that may wait in the kernel, its own overhead included: about three thousand changes of links. */
const receiveBuffer = 4 * 1024 * 1024;

/** A non-blocking socket in the calling thread's namespace. */
export function openMulticastSocket(protocol: number, groups: readonly number[]): OwnedFd {
  const socket = openSocket(AF_NETLINK, SOCK_RAW, protocol, { nonBlocking: true });
  try {
    growReceiveBuffer(socket, receiveBuffer);
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
