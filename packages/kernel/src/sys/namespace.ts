/**
 * Network namespaces, network_namespaces(7): made, opened, kept by a bind mount, entered.
 *
 * A namespace belongs to a thread (setns(2)), so it is entered for the length of one synchronous function and left
 * again: nothing that awaits, and nothing that runs in libuv's pool (fs.promises), can be done inside.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { O_NONBLOCK, OwnedFd } from "./fd.ts";
import { files } from "./files.ts";
import { check, libc } from "./libc.ts";
import { bindMount, unmount } from "./mount.ts";

// linux/sched.h
const CLONE_NEWNET = 0x40000000;
// /proc/thread-self, because /proc/self is the main thread's even when a worker asks.
const ownNamespace = "/proc/thread-self/ns/net";

/**
 * The namespace that this thread is in now: each run() restores the one it found. By node:fs, because Node.js closes what
 * a worker thread opened that way when the thread ends.
 */
let present: OwnedFd = new OwnedFd(files.openSync(ownNamespace, "r"));

function enter(namespace: OwnedFd): void {
  check(libc.setns(namespace.fd, CLONE_NEWNET), "setns");
}

/** Going back must not fail: a thread that stays in a foreign namespace would act on the wrong network. */
function goBack(namespace: OwnedFd): void {
  try {
    check(libc.setnsBack(namespace.fd, CLONE_NEWNET), "setns");
  } catch (error) {
    console.error("cannot return to the thread's own network namespace:", error);
    process.abort();
  }
}

/**
 * True where this thread may come back to the namespace that it is in. A process that has its capabilities in a user
 * namespace only may leave a namespace of the machine's and not enter it again.
 */
export function mayReturn(): boolean {
  return libc.setns(present.fd, CLONE_NEWNET) === 0;
}

/** Asked once a thread: afterwards the thread is always in a namespace that it has entered before. */
let returnChecked = false;

function checkReturn(): void {
  if (returnChecked) return;
  enter(present);
  returnChecked = true;
}

export class NetNamespace implements Disposable {
  readonly #fd: OwnedFd;

  private constructor(fd: OwnedFd) {
    this.#fd = fd;
  }

  /** The calling thread's namespace. */
  static current(): NetNamespace {
    return new NetNamespace(OwnedFd.open(ownNamespace));
  }

  /**
   * The namespace that a path shows: a bind mount, or `/proc/<pid>/ns/net`. Never waits; that something else stands
   * there, entering it tells.
   */
  static open(path: string): NetNamespace {
    return new NetNamespace(OwnedFd.open(path, O_NONBLOCK));
  }

  /** A new, empty namespace; it lives as long as a descriptor, a mount or a process holds it. */
  static create(): NetNamespace {
    checkReturn();
    check(libc.unshare(CLONE_NEWNET), "unshare", "CLONE_NEWNET");
    try {
      return NetNamespace.current();
    } finally {
      goBack(present);
    }
  }

  /** The same namespace by a descriptor of its own. */
  duplicate(): NetNamespace {
    return NetNamespace.ofFd(this.fd);
  }

  /** The namespace of a descriptor of this process, by a descriptor of its own: another thread's, for one. */
  static ofFd(fd: number): NetNamespace {
    return NetNamespace.open(`/proc/self/fd/${fd}`);
  }

  /** The descriptor's number, for IFLA_NET_NS_FD and for sockets: it stays ours. */
  get fd(): number {
    return this.#fd.fd;
  }

  /** What tells one namespace from another: device and inode of its nsfs file. */
  get identity(): string {
    const { dev, ino } = files.fstatSync(this.fd);
    return `${dev}:${ino}`;
  }

  /**
   * Runs `action` in this namespace, on the calling thread, and comes back.
   *
   * @throws TypeError where the action is asynchronous: its later parts would run elsewhere.
   */
  run<T>(action: () => T): T {
    checkReturn();
    const before = present;
    enter(this.#fd);
    present = this.#fd;
    try {
      const result = action();
      if (result instanceof Promise) throw new TypeError("an action inside a namespace must be synchronous");
      return result;
    } finally {
      goBack(before);
      present = before;
    }
  }

  /** Starts a process in this namespace, as child_process.spawn. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return this.run(() => spawn(command, args, options));
  }

  /** Keeps the namespace by a bind mount at `path`, which is made and must not be there before. */
  bindAt(path: string): void {
    const file = files.openSync(path, "wx", 0o444);
    try {
      files.closeSync(file);
      bindMount(`/proc/self/fd/${this.fd}`, path);
    } catch (error) {
      files.rmSync(path);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}

/** Lets go of a namespace that {@link NetNamespace.bindAt} kept, and removes the file. */
export function unbindNamespace(path: string): void {
  unmount(path);
  files.rmSync(path);
}
