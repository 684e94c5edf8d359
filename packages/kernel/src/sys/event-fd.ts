/**
 * A descriptor by which one thread wakes another that waits in a {@link Poller}: eventfd(2), sys/eventfd.h. It is known to both by
 * its number; readable from raise() to settle(), however often it was raised.
 */
import { constants } from "node:os";
import { OwnedFd } from "./fd.ts";
import { check, lastErrno, libc, uninterrupted } from "./libc.ts";

// sys/eventfd.h
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

/** The kernel writes how often it was raised there; nobody asks. */
const count = Buffer.alloc(8);

export function openEventFd(): OwnedFd {
  const fd = uninterrupted(() => libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return new OwnedFd(check(fd, "eventfd"));
}

/** Makes it readable; it may be readable already. From any thread, and never waits. */
export function raiseEvent(fd: number): void {
  const result = uninterrupted(() => libc.eventfd_write(fd, 1));
  // EAGAIN: raised 2^64 - 2 times, and so readable.
  if (result < 0 && lastErrno() !== constants.errno.EAGAIN) check(result, "eventfd_write", `fd ${fd}`);
}

/** Makes it unreadable again; answers whether it was raised. Do it before the work that it calls for, or a call is missed. */
export function settleEvent(fd: number): boolean {
  const result = uninterrupted(() => libc.eventfd_read(fd, count));
  if (result >= 0) return true;
  if (lastErrno() !== constants.errno.EAGAIN) check(result, "eventfd_read", `fd ${fd}`);
  return false;
}
