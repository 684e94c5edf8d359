/**
 * Names that go from a directory, told by the kernel: inotify(7). Node's fs.watch cannot be asked for them alone, and would call
 * for each file that comes, too.
 */
import type { Socket } from "node:net";
import { streamDatagrams } from "./event-stream.ts";
import { O_CLOEXEC, O_NONBLOCK, OwnedFd } from "./fd.ts";
import { check, cPath, libc } from "./libc.ts";

// sys/inotify.h
const IN_MOVED_FROM = 0x40;
const IN_DELETE = 0x200;
const IN_Q_OVERFLOW = 0x4000;
const IN_ONLYDIR = 0x0100_0000;

/** struct inotify_event without its name. */
const eventHeaderLength = 16;

/** `name` is undefined where the kernel could not keep up: look at all of them. */
export type NameGone = (name: string | undefined) => void;

export class DirectoryWatch implements Disposable {
  readonly #stream: Socket;

  /**
   * Does not keep the process alive.
   *
   * @throws KernelError EMFILE, ENOSPC where the user's inotify instances or watches are used up
   */
  constructor(directory: string, gone: NameGone) {
    using socket = new OwnedFd(check(libc.inotify_init1(O_CLOEXEC | O_NONBLOCK), "inotify_init1"));
    const mask = IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR;
    check(
      libc.inotify_add_watch(socket.fd, cPath(directory, "inotify_add_watch"), mask),
      "inotify_add_watch",
      directory,
    );
    this.#stream = streamDatagrams(socket);
    this.#stream.unref();
    this.#stream.on("data", (bytes: Buffer) => {
      for (const name of namesIn(bytes)) gone(name);
    });
    // Nothing is told any more; what is missed is found when it is needed.
    this.#stream.on("error", () => gone(undefined));
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}

function* namesIn(bytes: Buffer): Generator<string | undefined> {
  for (let at = 0; at + eventHeaderLength <= bytes.length; ) {
    const mask = bytes.readUInt32LE(at + 4);
    const start = at + eventHeaderLength;
    const end = start + bytes.readUInt32LE(at + 12);
    if ((mask & IN_Q_OVERFLOW) !== 0) yield undefined;
    else if ((mask & (IN_DELETE | IN_MOVED_FROM)) !== 0) {
      yield bytes.toString("utf8", start, end).replace(/\0+$/, "");
    }
    at = end;
  }
}
