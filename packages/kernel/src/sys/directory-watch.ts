/**
 * Names that go from a directory, or come into it by a rename, told by the kernel: inotify(7). Node's fs.watch cannot be asked for one
 * of these alone, and would call for each file that is made or written, too.
 */
import type { Socket } from "node:net";
import { streamDatagrams } from "./event-stream.ts";
import { O_CLOEXEC, O_NONBLOCK, OwnedFd } from "./fd.ts";
import { check, cPath, libc } from "./libc.ts";

// sys/inotify.h
const IN_MODIFY = 0x2;
const IN_MOVED_FROM = 0x40;
const IN_MOVED_TO = 0x80;
const IN_DELETE = 0x200;
const IN_Q_OVERFLOW = 0x4000;
const IN_ONLYDIR = 0x0100_0000;

/** struct inotify_event without its name. */
const eventHeaderLength = 16;

/** What is told of a name: it went, by a rename too; it came, by a rename alone (it is whole then); its file was written to. */
export type NameChange = "gone" | "come" | "written";

const masks: Readonly<Record<NameChange, number>> = {
  gone: IN_DELETE | IN_MOVED_FROM,
  come: IN_MOVED_TO,
  written: IN_MODIFY,
};

/** `name` is undefined where the kernel could not keep up: look at all of them. */
export type NameTold = (name: string | undefined) => void;

export class DirectoryWatch implements Disposable {
  readonly #stream: Socket;

  /**
   * Does not keep the process alive.
   *
   * @param change what is told of. Default: names that go
   *
   * @throws KernelError EMFILE, ENOSPC where the user's inotify instances or watches are used up
   */
  constructor(directory: string, tell: NameTold, change: NameChange = "gone") {
    using socket = new OwnedFd(check(libc.inotify_init1(O_CLOEXEC | O_NONBLOCK), "inotify_init1"));
    const mask = masks[change];
    check(
      libc.inotify_add_watch(socket.fd, cPath(directory, "inotify_add_watch"), mask | IN_ONLYDIR),
      "inotify_add_watch",
      directory,
    );
    this.#stream = streamDatagrams(socket);
    this.#stream.unref();
    this.#stream.on("data", (bytes: Buffer) => {
      for (const name of namesIn(bytes, mask)) tell(name);
    });
    // Nothing is told any more; what is missed is found when it is needed.
    this.#stream.on("error", () => tell(undefined));
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}

function* namesIn(bytes: Buffer, wanted: number): Generator<string | undefined> {
  for (let at = 0; at + eventHeaderLength <= bytes.length; ) {
    const mask = bytes.readUInt32LE(at + 4);
    const start = at + eventHeaderLength;
    const end = start + bytes.readUInt32LE(at + 12);
    if ((mask & IN_Q_OVERFLOW) !== 0) yield undefined;
    else if ((mask & wanted) !== 0) {
      yield bytes.toString("utf8", start, end).replace(/\0+$/, "");
    }
    at = end;
  }
}
