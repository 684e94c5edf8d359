/**
 * Connections as descriptors, for a thread that waits itself ({@link Poller}): accepted, or made without waiting. TCP and UDP over IPv4 and
 * IPv6; everything is non-blocking and close-on-exec. connect(2), accept(2), tcp(7), udp(7).
 */
import { constants } from "node:os";
import { KernelError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { InetSockaddr } from "./inet-socket.ts";
import { check, lastErrno, libc } from "./libc.ts";
import {
  AF_INET,
  openSocket,
  orClose,
  SO_ERROR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./socket.ts";

// linux/in.h, linux/tcp.h, sys/socket.h
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SHUT_WR = 1;
// asm-generic/socket.h
const SO_ACCEPTCONN = 30;

const { EAGAIN, ECONNABORTED, EINPROGRESS, EINTR } = constants.errno;
const anywhere = {
  4: new InetSockaddr(new Uint8Array(4), "0.0.0.0"),
  6: new InetSockaddr(new Uint8Array(16), "::"),
};

const value = Buffer.alloc(4);
const valueLength = Buffer.alloc(4);

/**
 * The next connection of a listening socket; undefined where none waits. One that was broken off while it waited is passed over.
 *
 * @throws KernelError EMFILE, ENFILE ...: the connection waits on, and the listening socket stays readable
 */
export function acceptTcp(listener: number): OwnedFd | undefined {
  for (;;) {
    const fd = libc.accept4(listener, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return new OwnedFd(fd);
    const errno = lastErrno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR && errno !== ECONNABORTED) throw new KernelError({ operation: "accept4", errno });
  }
}

export interface Connecting {
  readonly socket: OwnedFd;
  /** `pending`: the socket becomes writable when the connection stands or has failed, and {@link pendingError} says which. */
  readonly state: "connected" | "pending";
}

/** Begins a TCP connection. @throws KernelError what is known at once: ENETUNREACH, ECONNREFUSED by this machine ... */
export function connectTcp(address: InetSockaddr, port: number): Connecting {
  let state: Connecting["state"] = "connected";
  const socket = openSocket(address.domain, SOCK_STREAM, 0, { nonBlocking: true });
  orClose(socket, () => {
    if (!isConnected(socket, address, port)) state = "pending";
  });
  return { socket, state };
}

export interface UdpClientOptions {
  /** Default: the kernel draws one from net.ipv4.ip_local_port_range, of 28,232 by default. */
  readonly sourcePort?: number;
}

/**
 * A UDP socket that speaks to one port of one address: nobody else's datagrams find it, and ICMP errors do. What came between its
 * two steps, binding and connecting, may still lie in it.
 *
 * @throws KernelError EADDRINUSE where somebody has the source port, ENETUNREACH ...
 */
export function connectUdp(address: InetSockaddr, port: number, options: UdpClientOptions = {}): OwnedFd {
  const socket = openSocket(address.domain, SOCK_DGRAM, 0, { nonBlocking: true });
  return orClose(socket, () => {
    const { sourcePort } = options;
    if (sourcePort !== undefined) {
      const source = anywhere[address.domain === AF_INET ? 4 : 6].atPort(sourcePort);
      if (libc.bind(socket.fd, source, source.length) < 0) check(-1, "bind", `port ${sourcePort}`);
    }
    isConnected(socket, address, port);
  });
}

/** False where it is under way. */
function isConnected(socket: OwnedFd, address: InetSockaddr, port: number): boolean {
  const bytes = address.atPort(port);
  if (libc.connect(socket.fd, bytes, bytes.length) >= 0) return true;
  const errno = lastErrno();
  // Interrupted, it goes on by itself: connect(2).
  if (errno === EINPROGRESS || errno === EINTR) return false;
  throw new KernelError({ operation: "connect", subject: `port ${port} of ${address.text}`, errno });
}

/** The error that waits in a socket, as errno, which it is cleared of; 0 where there is none. SO_ERROR of socket(7). */
export function pendingError(fd: number): number {
  valueLength.writeUInt32LE(value.length);
  check(libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, valueLength), "getsockopt", "SO_ERROR");
  return value.readInt32LE();
}

/** False where a listening socket was destroyed by somebody else: `ss -K`. SO_ACCEPTCONN of socket(7). */
export function isListening(fd: number): boolean {
  valueLength.writeUInt32LE(value.length);
  check(libc.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, valueLength), "getsockopt", "SO_ACCEPTCONN");
  return value.readInt32LE() !== 0;
}

/** Sends what there is at once, however little: for answers that are written whole. */
export function setNoDelay(fd: number): void {
  value.writeInt32LE(1);
  check(libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value, value.length), "setsockopt", "TCP_NODELAY");
}

/** Tells the other side that nothing more comes, behind what was sent. One that has gone already has been told. */
export function endSending(fd: number): void {
  if (libc.shutdown(fd, SHUT_WR) < 0 && lastErrno() !== constants.errno.ENOTCONN) check(-1, "shutdown");
}
