/**
 * Who is at the other end of a unix socket: SO_PEERCRED of unix(7).
 */
import { check, libc } from "./libc.ts";
import { SOL_SOCKET } from "./socket.ts";

// asm-generic/socket.h
const SO_PEERCRED = 17;
/** struct ucred: pid, uid and gid, 32 bits each. */
const UCRED_LENGTH = 12;

/** As they were when the connection was made: what the process does to itself later changes nothing. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * @param fd of a connected unix socket; it stays the caller's
 * @throws KernelError
 */
export function peerCredentials(fd: number): PeerCredentials {
  const credentials = Buffer.alloc(UCRED_LENGTH);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(UCRED_LENGTH);
  check(libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length), "getsockopt", "SO_PEERCRED");
  return {
    pid: credentials.readInt32LE(0),
    uid: credentials.readUInt32LE(4),
    gid: credentials.readUInt32LE(8),
  };
}
