/**
 * Sockets as descriptors, opened in the namespace that the calling thread is in and staying there for good.
 */
import { isKernelError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { check, libc, uninterrupted } from "./libc.ts";

// sys/socket.h, linux/netlink.h
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const SOCK_NONBLOCK = 0o4000;
export const MSG_DONTWAIT = 0x40;
export const MSG_TRUNC = 0x20;
export const MSG_NOSIGNAL = 0x4000;
// asm-generic/socket.h
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_BROADCAST = 6;
export const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
export const SO_BINDTOIFINDEX = 62;
// linux/in.h, linux/in6.h
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

export interface SocketOptions {
  /** Default: blocking. */
  readonly nonBlocking?: boolean;
}

export function openSocket(
  domain: number,
  type: number,
  protocol: number,
  options: SocketOptions = {},
): OwnedFd {
  const flags = SOCK_CLOEXEC | (options.nonBlocking === true ? SOCK_NONBLOCK : 0);
  return new OwnedFd(check(libc.socket(domain, type | flags, protocol), "socket"));
}

/** A socket as it is wanted, or, on an exception, closed. */
export function orClose(socket: OwnedFd, prepare: () => void): OwnedFd {
  try {
    prepare();
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/** One for all calls of a thread: to make a buffer costs more than the call. */
const intOption = Buffer.alloc(4);

/** Sets an option whose value is a C int. */
export function setIntOption(socket: OwnedFd, level: number, name: number, value: number): void {
  intOption.writeInt32LE(value);
  const result = libc.setsockopt(socket.fd, level, name, intOption, 4);
  if (result < 0) check(result, "setsockopt", `option ${level}/${name}`);
}

/** How many bytes may wait to be received: beyond net.core.rmem_max where CAP_NET_ADMIN allows it. */
export function growReceiveBuffer(socket: OwnedFd, bytes: number): void {
  try {
    setIntOption(socket, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
  } catch (error) {
    if (!isKernelError(error, "EPERM")) throw error;
    setIntOption(socket, SOL_SOCKET, SO_RCVBUF, bytes);
  }
}

/** Binds to a sockaddr in C's layout. */
export function bindSocket(socket: OwnedFd, address: Uint8Array, subject: string): void {
  check(libc.bind(socket.fd, address, address.length), "bind", subject);
}

/** Sends the first `length` bytes as one message. */
export function sendBytes(socket: OwnedFd, data: Uint8Array, length: number, subject: string): void {
  check(
    uninterrupted(() => libc.send(socket.fd, data, length, 0)),
    "send",
    subject,
  );
}

/** Receives one message into `data`; with MSG_TRUNC in `flags`, answers its true length. */
export function receiveBytes(socket: OwnedFd, data: Uint8Array, flags: number, subject: string): number {
  return check(
    uninterrupted(() => libc.recv(socket.fd, data, data.length, flags)),
    "recv",
    subject,
  );
}
