/**
 * Waiting for many descriptors at once, on a thread that does nothing else: epoll(7), sys/epoll.h. Level triggered: what is not
 * read is told again.
 *
 * wait() blocks the calling thread outside of JavaScript, where not even Worker.terminate() reaches it: wake it by an event
 * descriptor (event-fd.ts). Descriptors are given by number, as they may be another thread's. One that is closed everywhere leaves
 * by itself; the kernel may tell of it in the wait() that is under way.
 */
import { constants } from "node:os";
import { OwnedFd } from "./fd.ts";
import { check, lastErrno, libc, uninterrupted } from "./libc.ts";

// sys/epoll.h
/** Something can be read or accepted, or the end. As an interest, and as an event. */
export const EPOLLIN = 0x001;
/** There is room to send, or a connection stands (or failed: SO_ERROR). As an interest, and as an event. */
export const EPOLLOUT = 0x004;
/** An error waits. An event that nobody has to ask for. */
export const EPOLLERR = 0x008;
/** Both ways are closed. An event that nobody has to ask for. */
export const EPOLLHUP = 0x010;
/** The other side sends no more. As an interest, and as an event. */
export const EPOLLRDHUP = 0x2000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLL_CLOEXEC = 0o2000000;

/** struct epoll_event is packed on x86-64 alone: events (32 bits), then 64 bits that are ours. */
const dataAt = process.arch === "x64" ? 4 : 8;
const eventLength = dataAt + 8;

/** What is told of a descriptor: its token, and EPOLL* bits. */
export type Visit = (token: number, events: number) => void;

export class Poller implements Disposable {
  readonly #epoll: OwnedFd;
  readonly #events: Buffer;
  readonly #most: number;
  /** For epoll_ctl: the kernel copies it. */
  readonly #wanted = Buffer.alloc(eventLength);

  /** @param most how many descriptors one wait() tells of, at most; the others are told of by the next ones, in turn */
  constructor(most = 256) {
    this.#most = most;
    this.#events = Buffer.alloc(most * eventLength);
    this.#epoll = new OwnedFd(
      check(
        uninterrupted(() => libc.epoll_create1(EPOLL_CLOEXEC)),
        "epoll_create1",
      ),
    );
  }

  /**
   * Watches a descriptor.
   *
   * @param token from 0 to 2^32 - 1, which its events are told by
   * @param interest EPOLLIN, EPOLLOUT, EPOLLRDHUP; 0 for errors and the end alone
   * @throws KernelError EEXIST, ENOSPC (fs.epoll.max_user_watches), EPERM (a file that is always ready)
   */
  add(fd: number, token: number, interest: number): void {
    this.#control(EPOLL_CTL_ADD, fd, token, interest);
  }

  /** @throws KernelError ENOENT where it is not watched */
  change(fd: number, token: number, interest: number): void {
    this.#control(EPOLL_CTL_MOD, fd, token, interest);
  }

  /**
   * Stops watching. In the wait() that is under way, `visit` may still be told of it.
   *
   * @throws KernelError ENOENT where it is not watched, EBADF where it is closed
   */
  remove(fd: number): void {
    this.#tell(EPOLL_CTL_DEL, fd, null);
  }

  /**
   * Waits for events, and tells of each. A signal that comes meanwhile does not end the wait.
   *
   * @param timeoutMs milliseconds; -1 is for ever, 0 looks and does not wait
   * @returns how many were told; 0 when the time was over
   */
  wait(timeoutMs: number, visit: Visit): number {
    const count = this.#ready(timeoutMs);
    for (let at = 0; at < count * eventLength; at += eventLength) {
      visit(this.#events.readUInt32LE(at + dataAt), this.#events.readUInt32LE(at));
    }
    return count;
  }

  #ready(timeoutMs: number): number {
    const deadline = timeoutMs > 0 ? performance.now() + timeoutMs : 0;
    for (let left = timeoutMs; ; left = remaining(timeoutMs, deadline)) {
      const count = libc.epoll_wait(this.#epoll.fd, this.#events, this.#most, left);
      if (count >= 0) return count;
      if (lastErrno() !== constants.errno.EINTR) check(count, "epoll_wait");
    }
  }

  #control(operation: number, fd: number, token: number, interest: number): void {
    this.#wanted.writeUInt32LE(interest >>> 0);
    this.#wanted.writeUInt32LE(token, dataAt);
    this.#tell(operation, fd, this.#wanted);
  }

  #tell(operation: number, fd: number, event: Uint8Array | null): void {
    const result = uninterrupted(() => libc.epoll_ctl(this.#epoll.fd, operation, fd, event));
    if (result < 0) check(result, "epoll_ctl", `fd ${fd}`);
  }

  [Symbol.dispose](): void {
    this.#epoll[Symbol.dispose]();
  }
}

function remaining(timeoutMs: number, deadline: number): number {
  return timeoutMs > 0 ? Math.max(0, Math.ceil(deadline - performance.now())) : timeoutMs;
}
