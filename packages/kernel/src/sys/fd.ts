/**
 * A file descriptor with one owner: `using` closes it.
 */
import { files } from "./files.ts";
import { check, cPath, libc, uninterrupted } from "./libc.ts";

// fcntl.h
const O_CREAT = 0o100;
export const O_CLOEXEC = 0o2000000;
const O_RDONLY = 0;
export const O_RDWR = 2;
/** A FIFO opens at once, instead of when somebody writes to it. */
export const O_NONBLOCK = 0o4000;

export class OwnedFd implements Disposable {
  #fd: number;

  /** Takes over an open descriptor. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens a file, close-on-exec always. */
  static open(path: string, flags: number = O_RDONLY): OwnedFd {
    return new OwnedFd(
      check(
        uninterrupted(() => libc.open(cPath(path, "open"), flags | O_CLOEXEC, 0)),
        "open",
        path,
      ),
    );
  }

  /** Opens a file for reading and writing and makes it, with this mode, where there is none. */
  static create(path: string, mode: number): OwnedFd {
    return new OwnedFd(
      check(
        uninterrupted(() => libc.open(cPath(path, "open"), O_RDWR | O_CREAT | O_CLOEXEC, mode)),
        "open",
        path,
      ),
    );
  }

  /** The number; throws once the descriptor was closed or given away. */
  get fd(): number {
    if (this.#fd < 0) throw new Error("this file descriptor was closed or released");
    return this.#fd;
  }

  /** Gives the descriptor away: whoever calls closes it. */
  release(): number {
    const fd = this.fd;
    this.#fd = -1;
    return fd;
  }

  /**
   * Closes it on another thread, and returns when that is done: for what the kernel takes its time to close. From the call on this owns nothing
   * any more.
   */
  closeAside(): Promise<void> {
    if (this.#fd < 0) return Promise.resolve();
    const fd = this.release();
    // Whatever close(2) answers, the descriptor is gone.
    return new Promise<void>((resolve) => files.close(fd, () => resolve())).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    libc.close(this.#fd);
    this.#fd = -1;
  }
}
