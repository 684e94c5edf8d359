/**
 * One controller per state directory: an flock(2) on `<state directory>/causeway.lock`.
 *
 * The lock belongs to the open file, not to its contents: it goes when its holder dies, however it dies, and the file may
 * stay. The file holds the pid of its holder, for the message to whoever comes second, in this process or another.
 */
import { join } from "node:path";
import { files, type OwnedFd, tryLockFile } from "@causeway/kernel";
import { conflict } from "../errors.ts";

export class StateLock implements Disposable {
  readonly #file: OwnedFd;

  private constructor(file: OwnedFd) {
    this.#file = file;
  }

  /** Throws `state_dir_locked`, with the holder's pid, while another controller has the directory. */
  static acquire(stateDir: string): StateLock {
    const path = join(stateDir, "causeway.lock");
    const file = tryLockFile(path);
    if (!file) throw stateDirLocked(stateDir, files.readFileSync(path, "utf8").split("\n", 1)[0] ?? "");
    try {
      // Over what is there, and not after it was cut off: a full disk would not give the block back.
      const written = files.writeSync(file.fd, `${process.pid}\n`, 0);
      files.ftruncateSync(file.fd, written);
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
    return new StateLock(file);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** `pid` is empty in the instant between the holder's taking the lock and its writing the pid. */
function stateDirLocked(stateDir: string, pid: string): Error {
  const holder = pid === "" ? "another process" : `process ${pid}`;
  return conflict(
    "state_dir_locked",
    `${stateDir} is in use by a controller in ${holder}: stop that one or choose another state directory`,
    { stateDir, pid: pid === "" ? undefined : Number(pid) },
  );
}
