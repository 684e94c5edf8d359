/**
 * An advisory lock on a file, flock(2): it goes with the descriptor, so a process that dies leaves none behind.
 */
import { isKernelError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { check, libc, uninterrupted } from "./libc.ts";

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
