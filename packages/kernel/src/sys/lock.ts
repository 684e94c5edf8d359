/**
 * Advisory locks, of a file by flock(2) and of a name by unix(7): they go with the descriptor, so a process that dies leaves none behind.
 */
import { isKernelError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { check, libc, uninterrupted } from "./libc.ts";
import { AF_UNIX, bindSocket, openSocket, orClose, SOCK_DGRAM } from "./socket.ts";

// sys/file.h
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the exclusive lock of a file, which is made (0600) where there is none.
 *
 * @returns the descriptor that holds the lock until it is closed; undefined while somebody else holds it.
 */
export function tryLockFile(path: string): OwnedFd | undefined {
  const file = OwnedFd.create(path, 0o600);
  try {
    check(
      uninterrupted(() => libc.flock(file.fd, LOCK_EX | LOCK_NB)),
      "flock",
      path,
    );
    return file;
  } catch (error) {
    file[Symbol.dispose]();
    if (isKernelError(error, "EAGAIN")) return undefined;
    throw error;
  }
}

/**
 * Takes a name, of those of the network namespace that the calling thread is in: an abstract socket's address.
 *
 * @returns the descriptor that holds it until it is closed; undefined while somebody else holds it.
 */
export function tryLockName(name: string): OwnedFd | undefined {
  // struct sockaddr_un: an address that begins with a NUL is no file.
  const address = Buffer.from(`__\0${name}`);
  address.writeUInt16LE(AF_UNIX);
  const socket = openSocket(AF_UNIX, SOCK_DGRAM, 0);
  try {
    return orClose(socket, () => bindSocket(socket, address, name));
  } catch (error) {
    if (isKernelError(error, "EADDRINUSE")) return undefined;
    throw error;
  }
}
