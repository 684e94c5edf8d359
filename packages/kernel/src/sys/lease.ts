/**
 * Leases of fcntl(2): whoever holds a file's has it alone. Others who open it wait until the descriptor is closed, also by the death of the holder.
 */
import { libc } from "./libc.ts";

// fcntl.h, asm-generic/fcntl.h
const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_WRLCK = 1;
/** The holder is signalled when somebody waits. SIGIO would end the process; this one is ignored unless somebody listens for it. */
const SIGURG = 23;

/** Who has the file open just now is mostly about to close it: some hundred microseconds at most. */
const tries = 100;

/** @returns false where others have the file open, or its file system knows no leases */
export function tryLease(fd: number): boolean {
  if (libc.fcntl(fd, F_SETSIG, SIGURG) === -1) return false;
  for (let tried = 0; tried < tries; tried++) {
    if (libc.fcntl(fd, F_SETLEASE, F_WRLCK) !== -1) return true;
  }
  return false;
}
