/**
 * A sandbox's hosts, hostname and resolv.conf as files under the run directory.
 */

import type { Dirent } from "node:fs";
import { join } from "node:path";
import { files, hasCause, O_CREAT, O_WRONLY, withReserve } from "@causeway/kernel";
import type { SandboxFileContent, SandboxFilePaths, SandboxFiles } from "../contracts/sandbox-files.ts";
import { messageOf, unavailable } from "../errors.ts";
import { HostResolvConf } from "./host-resolv-conf.ts";
import { hostsText } from "./hosts-file.ts";
import { resolvConfText, resolverConfText } from "./resolv-conf.ts";

export interface FileSandboxFilesOptions {
  /** Where name servers, search list and options come from when a sandbox gives none; /etc/resolv.conf. */
  readonly hostResolvConf?: string;
  /** Read instead when that names systemd-resolved's stub alone; /run/systemd/resolve/resolv.conf. */
  readonly systemdResolvConf?: string;
}

/** What stands in each file. */
type Texts = { readonly [file in keyof SandboxFilePaths]: string };

const kindsOfFile = [
  "hosts",
  "hostname",
  "resolvConf",
] as const satisfies readonly (keyof SandboxFilePaths)[];
const fileNames = ["hosts", "hostname", "resolv.conf"];

// Programs in the sandbox read the files whoever they run as, whatever the controller's umask.
const folderMode = 0o755;
const fileMode = 0o644;
const folderName = /^[0-9a-f]{12}$/;

/**
 * Keeps the files in `<runDir>/sandboxes/<first 12 hex digits of the sandbox's id>/`.
 *
 * Every method is synchronous; `create` and `update` throw `sandbox_files_failed` when the file system refuses (full, read-only),
 * and `resolv_conf_unreadable`.
 */
export class FileSandboxFiles implements SandboxFiles {
  readonly #root: string;
  readonly #host: HostResolvConf;
  /** By sandbox: what the files say, so that an update touches only what has changed. Empty after a restart. */
  readonly #written = new Map<string, Texts>();

  constructor(runDir: string, options: FileSandboxFilesOptions = {}) {
    this.#root = join(runDir, "sandboxes");
    this.#host = new HostResolvConf(
      options.hostResolvConf ?? "/etc/resolv.conf",
      options.systemdResolvConf ?? "/run/systemd/resolve/resolv.conf",
    );
  }

  /** Files that are there already are written in place, as in `update`; a failed call removes what it made. */
  create(content: SandboxFileContent): SandboxFilePaths {
    const { sandboxId } = content;
    const texts = this.#texts(content);
    const isNew = makeFolder(this.#folder(sandboxId));
    try {
      return this.#write(sandboxId, texts, isNew);
    } catch (error) {
      if (isNew) this.remove(sandboxId);
      throw error;
    }
  }

  update(content: SandboxFileContent): void {
    withReserve(() => {
      if (this.#written.has(content.sandboxId)) this.#write(content.sandboxId, this.#texts(content), false);
      else this.create(content);
    });
  }

  paths(sandboxId: string): SandboxFilePaths {
    const folder = this.#folder(sandboxId);
    return { hosts: `${folder}/hosts`, hostname: `${folder}/hostname`, resolvConf: `${folder}/resolv.conf` };
  }

  restore(content: SandboxFileContent): void {
    const { sandboxId } = content;
    const texts = this.#texts(content);
    makeFolder(this.#folder(sandboxId));
    const paths = this.paths(sandboxId);
    for (const file of kindsOfFile) {
      const there = readText(paths[file]);
      if (there !== texts[file]) writeText(paths[file], texts[file], there === undefined);
    }
    this.#written.set(sandboxId, texts);
  }

  /** Nothing to remove is no error. */
  remove(sandboxId: string): void {
    this.#written.delete(sandboxId);
    removeFolder(this.#folder(sandboxId));
  }

  missing(sandboxId: string): readonly string[] {
    return Object.values(this.paths(sandboxId)).filter((path) => !files.existsSync(path));
  }

  mend(content: SandboxFileContent): void {
    const { sandboxId } = content;
    const paths = this.paths(sandboxId);
    const texts = this.#texts(content);
    makeFolder(this.#folder(sandboxId));
    for (const file of kindsOfFile) {
      if (!files.existsSync(paths[file])) writeText(paths[file], texts[file], true);
    }
  }

  /** What has not the form of our folders is somebody else's. */
  list(): readonly string[] {
    return entriesOf(this.#root)
      .filter((entry) => entry.isDirectory() && folderName.test(entry.name))
      .map(({ name }) => name);
  }

  #folder(sandboxId: string): string {
    return `${this.#root}/${sandboxId.slice(0, 12)}`;
  }

  #texts(content: SandboxFileContent): Texts {
    return {
      hosts: hostsText(content),
      hostname: content.hostname ? `${content.hostname}\n` : "",
      resolvConf: content.hasResolver
        ? resolverConfText(this.#host.read(), content)
        : resolvConfText(this.#host.read(), content),
    };
  }

  /** Writes the files whose text is not known to stand in them already. */
  #write(sandboxId: string, texts: Texts, isNew: boolean): SandboxFilePaths {
    const paths = this.paths(sandboxId);
    const before = this.#written.get(sandboxId);
    // Forgotten until all is written: after a failure nobody knows what stands in the files.
    this.#written.delete(sandboxId);
    for (const file of kindsOfFile) {
      if (isNew || texts[file] !== before?.[file]) writeText(paths[file], texts[file], isNew);
    }
    this.#written.set(sandboxId, texts);
    return paths;
  }
}

/** None where there is no such folder. */
function entriesOf(path: string): readonly Dirent[] {
  if (!files.existsSync(path)) return [];
  try {
    return files.readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    throw failure("read", path, cause);
  }
}

/** File by file: that takes no descriptor, and there may be none. */
function removeFolder(path: string): void {
  try {
    for (const name of fileNames) files.rmSync(`${path}/${name}`, { force: true });
    files.rmdirSync(path);
  } catch (cause) {
    if (hasCause(cause, "ENOENT")) return;
    if (!hasCause(cause, "ENOTEMPTY", "ERR_FS_EISDIR")) throw failure("remove", path, cause);
    // Somebody has put something else into it.
    removeTree(path);
  }
}

function removeTree(path: string): void {
  try {
    files.rmSync(path, { recursive: true, force: true });
  } catch (cause) {
    throw failure("remove", path, cause);
  }
}

/** Answers whether the folder is new. */
function makeFolder(path: string): boolean {
  try {
    if (files.mkdirSync(path, { recursive: true, mode: folderMode }) === undefined) return false;
    files.chmodSync(path, folderMode);
    return true;
  } catch (cause) {
    throw failure("make", path, cause);
  }
}

/**
 * Makes the file, or writes over its old text and then cuts it to length: so it keeps its inode, and no reader ever finds it
 * empty.
 */
function writeText(path: string, text: string, isNew: boolean): void {
  try {
    const fd = files.openSync(path, O_WRONLY | O_CREAT, fileMode);
    try {
      if (isNew) files.fchmodSync(fd, fileMode);
      const written = files.writeSync(fd, text);
      const length = Buffer.byteLength(text);
      if (written < length) throw new Error(`only ${written} of ${length} bytes fitted`);
      if (!isNew) files.ftruncateSync(fd, length);
    } finally {
      files.closeSync(fd);
    }
  } catch (cause) {
    throw failure("write", path, cause);
  }
}

/** Undefined where there is no such file. */
function readText(path: string): string | undefined {
  try {
    return files.readFileSync(path, "utf8");
  } catch (cause) {
    if (hasCause(cause, "ENOENT")) return undefined;
    throw failure("read", path, cause);
  }
}

function failure(action: "make" | "write" | "read" | "remove", path: string, cause: unknown): Error {
  return unavailable(
    "sandbox_files_failed",
    `cannot ${action} ${path} (${messageOf(cause)}): check the space, the mount and the permissions of the run directory`,
    cause,
  );
}
