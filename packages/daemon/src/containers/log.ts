/**
 * What a container wrote, read from its file: from some line on, and as it grows.
 */
import { DirectoryWatch, files, type NameTold, O_RDONLY } from "@causeway/kernel";

/** How much is read at once, bytes. */
const piece = 1 << 16;
/** A log is looked at from behind for its last lines: this far, and no further, bytes. */
const longestTail = 64 << 20;

export interface ReadLogOptions {
  /** Lines from the end. Default: all. */
  readonly tail?: number;
  /** Goes on until `ended` aborts, and what was written by then is read. */
  readonly ended?: AbortSignal;
  /** Ends at once. */
  readonly signal?: AbortSignal;
}

/** Yields nothing where the file is not there. */
export async function* readLog(
  directory: string,
  name: string,
  { tail, ended, signal }: ReadLogOptions,
): AsyncGenerator<Buffer> {
  const path = `${directory}/${name}`;
  if (!files.existsSync(path)) return;
  const fd = files.openSync(path, O_RDONLY);
  using cleanUp = new DisposableStack();
  cleanUp.defer(() => files.closeSync(fd));
  let at = tail === undefined ? 0 : lastLines(fd, tail);
  let wake: () => void = () => undefined;
  let news = true;
  const note = () => {
    news = true;
    wake();
  };
  if (ended !== undefined) {
    cleanUp.use(
      watched(directory, (written) => (written === undefined || written === name ? note() : undefined)),
    );
  }
  for (const end of [ended, signal]) {
    end?.addEventListener("abort", note);
    cleanUp.defer(() => end?.removeEventListener("abort", note));
  }
  while (signal?.aborted !== true) {
    // Asked before the last look: what is written before the end is read.
    const isLast = ended === undefined || ended.aborted;
    news = false;
    for (let part = readAt(fd, at); part.length > 0; part = readAt(fd, at)) {
      at += part.length;
      yield part;
    }
    if (isLast) return;
    if (!news)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

interface SharedWatch {
  readonly watch: DirectoryWatch;
  readonly told: Set<NameTold>;
}

/** One for each directory, whoever follows: of inotify's instances a user has 128, and other programs of root's want some, too. */
const watches = new Map<string, SharedWatch>();

function watched(directory: string, tell: NameTold): Disposable {
  const shared = watches.get(directory) ?? newWatch(directory);
  shared.told.add(tell);
  return {
    [Symbol.dispose]: () => {
      shared.told.delete(tell);
      if (shared.told.size > 0) return;
      watches.delete(directory);
      shared.watch[Symbol.dispose]();
    },
  };
}

function newWatch(directory: string): SharedWatch {
  const told = new Set<NameTold>();
  const watch = new DirectoryWatch(
    directory,
    (name) => {
      for (const tell of told) tell(name);
    },
    "written",
  );
  const shared = { watch, told };
  watches.set(directory, shared);
  return shared;
}

function readAt(fd: number, at: number, length = piece): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  return buffer.subarray(0, files.readSync(fd, buffer, 0, length, at));
}

/** Where the last lines begin. */
function lastLines(fd: number, count: number): number {
  const { size } = files.fstatSync(fd);
  if (count === 0) return size;
  let left = count;
  for (let end = size; end > 0 && size - end < longestTail; ) {
    const start = Math.max(0, end - piece);
    const part = readAt(fd, start, end - start);
    for (let at = part.length - 1; at >= 0; at--) {
      // The last line's own end is not a line's beginning.
      if (part[at] !== 0x0a || start + at === size - 1) continue;
      if (--left === 0) return start + at + 1;
    }
    end = start;
  }
  return Math.max(0, size - longestTail);
}
