/**
 * Being woken by a netlink socket, on the main thread and without another one.
 *
 * Node.js adopts descriptors of pipes and TCP sockets only (`new net.Socket({ fd })` looks at what it is given). So it is
 * given a unix socket, and the netlink socket is put in its place by dup3(2) before the event loop first waits for it.
 * From then on libuv polls and reads the netlink socket: a read is a datagram, and an error (ENOBUFS) is an error.
 */
import { Socket } from "node:net";
import { O_CLOEXEC, type OwnedFd } from "./fd.ts";
import { check, libc } from "./libc.ts";
import { AF_UNIX, openSocket, SOCK_STREAM } from "./socket.ts";

/**
 * Turns a non-blocking datagram socket into a stream of which each chunk is one datagram of at most 64 KiB. The
 * descriptor becomes the stream's: destroying the stream closes it.
 */
export function streamDatagrams(socket: OwnedFd): Socket {
  using given = socket;
  const fd = openSocket(AF_UNIX, SOCK_STREAM, 0, { nonBlocking: true }).release();
  const stream = new Socket({ fd, readable: true, writable: false });
  try {
    check(libc.dup3(given.fd, fd, O_CLOEXEC), "dup3");
    return stream;
  } catch (error) {
    stream.destroy();
    throw error;
  }
}
