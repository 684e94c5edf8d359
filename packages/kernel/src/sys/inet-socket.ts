/**
 * TCP and UDP sockets bound to a port of an IPv4 or IPv6 address (linux/in.h, linux/in6.h), with the options that decide
 * who else may have that port and who gets an answer from it. About 8 us each, nearly all of it the kernel's.
 */
import { KernelError } from "./errors.ts";
import type { OwnedFd } from "./fd.ts";
import { lastErrno, libc } from "./libc.ts";
import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  openSocket,
  orClose,
  SO_BINDTOIFINDEX,
  SO_RCVBUF,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  setIntOption,
} from "./socket.ts";

/** The index of `lo` in every network namespace (net/flow.h). */
export const LOOPBACK_IFINDEX = 1;

/** An address as struct sockaddr_in or sockaddr_in6: laid out once, bound at many ports. */
export class InetSockaddr {
  readonly domain: number;
  /** The address as errors name it. */
  readonly text: string;
  readonly #bytes: Buffer;

  /**
   * @param ip 4 or 16 bytes in network order
   * @param interfaceIndex of a link-local IPv6 address: which link it is on
   */
  constructor(ip: Uint8Array, text: string, interfaceIndex = 0) {
    this.text = text;
    const isIpv4 = ip.length === 4;
    this.domain = isIpv4 ? AF_INET : AF_INET6;
    this.#bytes = Buffer.alloc(isIpv4 ? 16 : 28);
    this.#bytes.writeUInt16LE(this.domain);
    this.#bytes.set(ip, isIpv4 ? 4 : 8);
    if (!isIpv4) this.#bytes.writeUInt32LE(interfaceIndex, 24);
  }

  /** The bytes for bind(2): good until the next call. */
  atPort(port: number): Uint8Array {
    this.#bytes.writeUInt16BE(port, 2);
    return this.#bytes;
  }
}

export interface InetSocketOptions {
  /** Only packets that come in by this interface find the socket. The port is held on all of them all the same. */
  readonly interfaceIndex?: number;
}

export interface ListenOptions extends InetSocketOptions {
  /** How many connections wait to be accepted, at most; the kernel makes one more of it. */
  readonly backlog: number;
}

export interface DatagramOptions extends InetSocketOptions {
  /** Bytes that may wait to be received; the kernel has a minimum of about 2,300. Default: net/core/rmem_default. */
  readonly receiveBuffer?: number;
}

/**
 * A non-blocking TCP socket that listens; one on an IPv6 address leaves IPv4 alone. With SO_REUSEADDR, connections of
 * somebody before us that are in TIME_WAIT do not refuse us; as it listens, no other program gets the port in spite of that.
 *
 * @throws KernelError EADDRINUSE, EADDRNOTAVAIL ...
 */
export function listenTcp(address: InetSockaddr, port: number, options: ListenOptions): OwnedFd {
  const socket = openSocket(address.domain, SOCK_STREAM, 0, { nonBlocking: true });
  return orClose(socket, () => {
    setIntOption(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    bindTo(socket, address, port, options);
    if (libc.listen(socket.fd, options.backlog) < 0) throw failure("listen", address, port);
  });
}

/**
 * A non-blocking UDP socket; one on an IPv6 address leaves IPv4 alone. Without SO_REUSEADDR, so that nobody shares the port.
 *
 * @throws KernelError EADDRINUSE, EADDRNOTAVAIL ...
 */
export function bindUdp(address: InetSockaddr, port: number, options: DatagramOptions = {}): OwnedFd {
  const socket = openSocket(address.domain, SOCK_DGRAM, 0, { nonBlocking: true });
  return orClose(socket, () => {
    if (options.receiveBuffer !== undefined)
      setIntOption(socket, SOL_SOCKET, SO_RCVBUF, options.receiveBuffer);
    bindTo(socket, address, port, options);
  });
}

/** Takes SO_REUSEADDR off again, which libuv puts on every UDP socket that it adopts: with it, others could share the port. */
export function refuseSharing(socket: OwnedFd): void {
  setIntOption(socket, SOL_SOCKET, SO_REUSEADDR, 0);
}

function bindTo(socket: OwnedFd, address: InetSockaddr, port: number, options: InetSocketOptions): void {
  if (address.domain === AF_INET6) setIntOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.interfaceIndex !== undefined) {
    setIntOption(socket, SOL_SOCKET, SO_BINDTOIFINDEX, options.interfaceIndex);
  }
  const bytes = address.atPort(port);
  if (libc.bind(socket.fd, bytes, bytes.length) < 0) throw failure("bind", address, port);
}

function failure(operation: string, address: InetSockaddr, port: number): KernelError {
  return new KernelError({ operation, subject: `port ${port} of ${address.text}`, errno: lastErrno() });
}
