/**
 * Bytes over non-blocking sockets: send(2), recv(2). What is to be expected is an answer and no exception: how many bytes, that it is to be
 * tried again when the socket is ready, that it has ended.
 */
import { constants } from "node:os";
import { KernelError } from "./errors.ts";
import { lastErrno, libc } from "./libc.ts";
import { MSG_DONTWAIT, MSG_NOSIGNAL } from "./socket.ts";

/** How many bytes; `again`: none now, when the socket is ready; `end`: nothing more, the other side has closed or broken off. */
export type StreamTransfer = number | "again" | "end";

/**
 * How many bytes; `again`: none now, when the socket is ready; `refused`: the other side, or a router, has said by ICMP that a
 * datagram found nobody (this one or one before).
 */
export type DatagramTransfer = number | "again" | "refused";

const { EAGAIN, ECONNREFUSED, EHOSTUNREACH, EINTR, ENETUNREACH, ENOBUFS } = constants.errno;
const refusals: readonly number[] = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH];
/** How a connection is broken off, or never stands: by the other side, by routers, by whoever destroys the socket (ECONNABORTED). */
const ends: readonly number[] = [
  ...refusals,
  ...(["EACCES", "ECONNABORTED", "ECONNRESET", "ENETDOWN", "ENETRESET", "ENOPROTOOPT"] as const),
  ...(["ENOTCONN", "EPERM", "EPIPE", "EPROTO", "ETIMEDOUT"] as const),
].map((error) => (typeof error === "number" ? error : constants.errno[error]));

/** Receives into a part of a buffer, which must not be empty. @throws KernelError */
export function receiveStream(fd: number, into: Buffer, from = 0, to = into.length): StreamTransfer {
  const part = from === 0 ? into : into.subarray(from);
  for (;;) {
    const count = libc.recv(fd, part, Math.min(to - from, part.length), MSG_DONTWAIT);
    if (count > 0) return count;
    const errno = count === 0 ? 0 : lastErrno();
    if (errno === 0 || ends.includes(errno)) return "end";
    if (errno === EAGAIN) return "again";
    if (errno !== EINTR) throw new KernelError({ operation: "recv", errno });
  }
}

/** Sends a part of a buffer, or as much of it as there is room for. @throws KernelError */
export function sendStream(fd: number, data: Buffer, from = 0, to = data.length): StreamTransfer {
  const part = from === 0 ? data : data.subarray(from);
  for (;;) {
    const count = libc.send(fd, part, Math.min(to - from, part.length), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno === EAGAIN) return "again";
    if (ends.includes(errno)) return "end";
    if (errno !== EINTR) throw new KernelError({ operation: "send", errno });
  }
}

/** Receives one datagram on a connected socket; one that is longer than the buffer is cut off. @throws KernelError */
export function receiveDatagram(fd: number, into: Buffer): DatagramTransfer {
  for (;;) {
    const count = libc.recv(fd, into, into.length, MSG_DONTWAIT);
    if (count >= 0) return count;
    const outcome = expected(lastErrno(), "recv");
    if (outcome !== undefined) return outcome;
  }
}

/** Sends the first `length` bytes as one datagram on a connected socket. @throws KernelError EMSGSIZE, EPERM (a filter) ... */
export function sendDatagram(fd: number, data: Buffer, length: number): DatagramTransfer {
  for (;;) {
    const count = libc.send(fd, data, Math.min(length, data.length), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) return count;
    const outcome = expected(lastErrno(), "send");
    if (outcome !== undefined) return outcome;
  }
}

/**
 * As {@link sendDatagram}, on a socket that speaks to many.
 *
 * @param to struct sockaddr_in or sockaddr_in6, as DatagramBatch.senderOf() has it
 */
export function sendDatagramTo(fd: number, data: Buffer, length: number, to: Uint8Array): DatagramTransfer {
  for (;;) {
    const count = libc.sendto(
      fd,
      data,
      Math.min(length, data.length),
      MSG_DONTWAIT | MSG_NOSIGNAL,
      to,
      to.length,
    );
    if (count >= 0) return count;
    const outcome = expected(lastErrno(), "sendto");
    if (outcome !== undefined) return outcome;
  }
}

/** Undefined where it was only interrupted. */
function expected(errno: number, operation: string): "again" | "refused" | undefined {
  if (errno === EINTR) return undefined;
  if (errno === EAGAIN || errno === ENOBUFS) return "again";
  if (refusals.includes(errno)) return "refused";
  throw new KernelError({ operation, errno });
}
