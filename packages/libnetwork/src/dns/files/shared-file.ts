/**
 * A file that others have mounted, and read while it is written: it keeps its inode, and nobody finds it empty or torn. Who opens it meanwhile
 * waits some microseconds, by a lease. For who had it open already, and for what is left when we are killed, the writes have their order.
 *
 * Whoever is root in a container may write anything there, and have leases of its own: nobody is waited for, and no more is read than a file
 * of ours can have.
 *
 * Texts are taken as latin1, byte by byte: ours are ASCII, and what users wrote stays as it is whatever its encoding.
 */
import { files, hasCause, O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY, tryLease } from "@causeway/kernel";
import { messageOf, unavailable } from "../../errors.ts";

/** Programs in the sandbox read the files whoever they run as, whatever the controller's umask. */
const fileMode = 0o644;

/** A write of so many bytes is done or not, even for who is killed in it: the kernel looks for the signal between pages. */
const pageSize = 4096;

/** What is longer is not ours, and left alone. */
const longestFile = 1 << 20;

/** Longer ones are read in several goes. */
let buffer = Buffer.allocUnsafe(4 * pageSize);

/** @throws sandbox_files_failed */
export function makeFile(path: string, text: string): void {
  attempt("write", path, () => {
    withFile(path, O_WRONLY | O_CREAT, (fd) => {
      files.fchmodSync(fd, fileMode);
      writeAt(fd, text, 0);
    });
  });
}

/**
 * The text, of which no more than a mebibyte is read. Undefined where there is no such file, or somebody else's lease keeps others out.
 *
 * @throws sandbox_files_failed
 */
export function readText(path: string): string | undefined {
  return attempt("read", path, () => {
    try {
      return withFile(path, O_RDONLY, readAll);
    } catch (cause) {
      if (hasCause(cause, "ENOENT", "ENOTDIR", "EAGAIN")) return undefined;
      throw cause;
    }
  });
}

/**
 * Puts another text into the file, which is made where there is none.
 *
 * @param change answers what is to stand in it, for what stands there; "" where there is none
 * @returns false where it was left as it is: somebody else's lease keeps others out, or it is longer than any of ours
 * @throws sandbox_files_failed
 */
export function changeFile(path: string, change: (there: string) => string): boolean {
  return attempt("write", path, () => {
    try {
      return withFile(path, O_RDWR | O_CREAT, (fd) => changeOpen(path, fd, change));
    } catch (cause) {
      if (hasCause(cause, "EAGAIN")) return false;
      throw cause;
    }
  });
}

function changeOpen(path: string, fd: number, change: (there: string) => string): boolean {
  // Where that cannot be had, readers who are quicker than a page is copied may find it torn.
  tryLease(fd);
  if (files.fstatSync(fd).size > longestFile) return false;
  const there = readAll(fd);
  const text = change(there);
  if (text === there) return true;
  // It may have been made just now.
  if (there === "") files.fchmodSync(fd, fileMode);
  if (Math.max(text.length, there.length) <= pageSize) replace(fd, there.length, text);
  else replaceWithCopy(path, fd, there.length, text);
  return true;
}

/**
 * What who was killed while writing a long text meant to write; undefined for whole files.
 *
 * @throws sandbox_files_failed
 */
export function unfinishedText(path: string): string | undefined {
  return files.existsSync(copyOf(path)) ? readText(copyOf(path)) : undefined;
}

/** When what was unfinished stands in the file. */
export function forgetUnfinished(path: string): void {
  attempt("remove", path, () => files.rmSync(copyOf(path), { force: true }));
}

/**
 * Room is made first, by empty lines, and a shorter text is written with empty lines at its end, which are cut off then: so at no time does
 * the file say anything but the old text or the new one, also when we are killed in between.
 */
function replace(fd: number, length: number, text: string): void {
  if (text.length > length) writeAt(fd, "\n".repeat(text.length - length), length);
  writeAt(fd, text.padEnd(length, "\n"), 0);
  if (text.length < length) files.ftruncateSync(fd, text.length);
}

/** A longer text may be half written by who is killed: a whole copy stands beside it meanwhile. */
function replaceWithCopy(path: string, fd: number, length: number, text: string): void {
  const copy = copyOf(path);
  const begun = `${copy}.part`;
  try {
    files.writeFileSync(begun, text, { encoding: "latin1", mode: fileMode });
    files.renameSync(begun, copy);
  } catch (cause) {
    // A full disk must not be in the way of a shorter text.
    if (!hasCause(cause, "ENOSPC", "EDQUOT")) throw cause;
  }
  try {
    replace(fd, length, text);
  } finally {
    files.rmSync(begun, { force: true });
    files.rmSync(copy, { force: true });
  }
}

const copyOf = (path: string) => `${path}.next`;

function withFile<T>(path: string, flags: number, use: (fd: number) => T): T {
  // Without it the kernel has us wait until a lease of somebody else's is broken: 45 s (fs.lease-break-time).
  const fd = files.openSync(path, flags | O_NONBLOCK, fileMode);
  try {
    return use(fd);
  } finally {
    files.closeSync(fd);
  }
}

function readAll(fd: number): string {
  for (let length = 0; ; ) {
    const read = files.readSync(fd, buffer, length, buffer.length - length, length);
    length += read;
    if (length < buffer.length || read === 0 || length >= longestFile)
      return buffer.toString("latin1", 0, length);
    buffer = Buffer.concat([buffer], 2 * buffer.length);
  }
}

function writeAt(fd: number, text: string, position: number): void {
  const written = files.writeSync(fd, text, position, "latin1");
  if (written < text.length) throw new Error(`only ${written} of ${text.length} bytes fitted`);
}

function attempt<T>(action: "write" | "read" | "remove", path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw filesFailed(action, path, cause);
  }
}

export function filesFailed(
  action: "make" | "write" | "read" | "remove",
  path: string,
  cause: unknown,
): Error {
  return unavailable(
    "sandbox_files_failed",
    `cannot ${action} ${path} (${messageOf(cause)}): check the space, the mount and the permissions of the run directory`,
    cause,
  );
}
