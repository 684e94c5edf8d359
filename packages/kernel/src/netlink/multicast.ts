/**
 * Netlink sockets that listen to the kernel's multicast groups.
 */
import { isKernelError } from "../sys/errors.ts";
import type { OwnedFd } from "../sys/fd.ts";
import {
  AF_NETLINK,
  bindSocket,
  openSocket,
  SO_RCVBUF,
  SOCK_RAW,
  SOL_SOCKET,
  setIntOption,
} from "../sys/socket.ts";
import { NETLINK_ADD_MEMBERSHIP, SOL_NETLINK } from "./constants.ts";

// asm-generic/socket.h
const SO_RCVBUFFORCE = 33;

/** Bytes that may wait in the kernel, its own overhead included: about three thousand changes of links. */
const receiveBuffer = 4 * 1024 * 1024;

/** A non-blocking socket in the calling thread's namespace. */
export function openMulticastSocket(protocol: number, groups: readonly number[]): OwnedFd {
  const socket = openSocket(AF_NETLINK, SOCK_RAW, protocol, { nonBlocking: true });
  try {
    growReceiveBuffer(socket);
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

/** Beyond net.core.rmem_max where CAP_NET_ADMIN allows it. */
function growReceiveBuffer(socket: OwnedFd): void {
  try {
    setIntOption(socket, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer);
  } catch (error) {
    if (!isKernelError(error, "EPERM")) throw error;
    setIntOption(socket, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
  }
}
