/**
 * A sandbox's hosts, hostname and resolv.conf as files under the run directory.
 */

import { join } from "node:path";
import { files, withReserve } from "@causeway/kernel";
import type { SandboxFileContent, SandboxFilePaths, SandboxFiles } from "../../contracts/sandbox-files.ts";
import { entriesOf, makeFolder, removeFolder } from "./folder.ts";
import { HostResolvConf } from "./host-resolv-conf.ts";
import { hostnameText, isEditedHostname } from "./hostname-file.ts";
import {
  hostsText,
  isEditedHosts,
  markedHostname,
  type OwnHosts,
  ownHosts,
  updatedHosts,
} from "./hosts-file.ts";
import { isEditedResolvConf, resolvConfText, resolverConfText } from "./sandbox-resolv-conf.ts";
import { changeFile, forgetUnfinished, makeFile, readText, unfinishedText } from "./shared-file.ts";

export interface FileSandboxFilesOptions {
  /** Where name servers, search list and options come from when a sandbox gives none; /etc/resolv.conf. */
  readonly hostResolvConf?: string;
  /** Read instead when that names systemd-resolved's stub alone; /run/systemd/resolve/resolv.conf. */
  readonly systemdResolvConf?: string;
}

/** What is ours in each file. `hosts` is the whole of it while nobody else has written there. */
interface Texts extends Readonly<Record<keyof SandboxFilePaths, string>> {
  readonly ownHosts: OwnHosts;
}

/** In the order of their writing: the marks in hosts say what hostname was ours, and are written last. */
const kindsOfFile = [
  "hostname",
  "resolvConf",
  "hosts",
] as const satisfies readonly (keyof SandboxFilePaths)[];

const fileNames = ["hosts", "hostname", "resolv.conf"];
const folderName = /^[0-9a-f]{12}$/;

/**
 * Keeps the files in `<runDir>/sandboxes/<first 12 hex digits of the sandbox's id>/`.
 *
 * Every method is synchronous; they throw `sandbox_files_failed` when the file system refuses (full, read-only), and `create`, `update`,
 * `review` and `mend` also `resolv_conf_unreadable`.
 */
export class FileSandboxFiles implements SandboxFiles {
  readonly #root: string;
  readonly #host: HostResolvConf;
  /** By sandbox: what is ours in the files, so that an update touches only what has changed. Empty after a restart. */
  readonly #written = new Map<string, Texts>();
  /** By sandbox: the hostname of a change that was not finished, which may stand in its file. */
  readonly #attempted = new Map<string, string>();

  constructor(runDir: string, options: FileSandboxFilesOptions = {}) {
    this.#root = join(runDir, "sandboxes");
    this.#host = new HostResolvConf(
      options.hostResolvConf ?? "/etc/resolv.conf",
      options.systemdResolvConf ?? "/run/systemd/resolve/resolv.conf",
    );
  }

  /** Files that are there already are looked at, as in `review`; a failed call removes what it made. */
  create(content: SandboxFileContent): SandboxFilePaths {
    const { sandboxId } = content;
    const texts = this.#texts(content);
    const paths = this.paths(sandboxId);
    if (!makeFolder(this.#folder(sandboxId))) {
      this.#review(sandboxId, texts);
      return paths;
    }
    try {
      for (const file of kindsOfFile) makeFile(paths[file], texts[file]);
    } catch (error) {
      this.remove(sandboxId);
      throw error;
    }
    this.#written.set(sandboxId, texts);
    return paths;
  }

  update(content: SandboxFileContent): void {
    withReserve(() => {
      const before = this.#written.get(content.sandboxId);
      if (before === undefined) this.create(content);
      else this.#change(content.sandboxId, before, this.#texts(content));
    });
  }

  review(content: SandboxFileContent): void {
    withReserve(() => {
      const texts = this.#texts(content);
      makeFolder(this.#folder(content.sandboxId));
      this.#review(content.sandboxId, texts);
    });
  }

  paths(sandboxId: string): SandboxFilePaths {
    const folder = this.#folder(sandboxId);
    return { hosts: `${folder}/hosts`, hostname: `${folder}/hostname`, resolvConf: `${folder}/resolv.conf` };
  }

  remove(sandboxId: string): void {
    this.#written.delete(sandboxId);
    this.#attempted.delete(sandboxId);
    removeFolder(this.#folder(sandboxId), fileNames);
  }

  missing(sandboxId: string): readonly string[] {
    return Object.values(this.paths(sandboxId)).filter((path) => !files.existsSync(path));
  }

  edited(sandboxId: string): readonly string[] {
    const paths = this.paths(sandboxId);
    const hosts = readText(paths.hosts) ?? "";
    const edited = {
      hosts: isEditedHosts(hosts),
      hostname: isEditedHostname(readText(paths.hostname) ?? "", markedHostname(hosts)),
      resolvConf: isEditedResolvConf(readText(paths.resolvConf) ?? ""),
    };
    return kindsOfFile.filter((file) => edited[file]).map((file) => paths[file]);
  }

  mend(content: SandboxFileContent): void {
    const { sandboxId } = content;
    const paths = this.paths(sandboxId);
    const texts = this.#texts(content);
    makeFolder(this.#folder(sandboxId));
    for (const file of kindsOfFile) if (!files.existsSync(paths[file])) makeFile(paths[file], texts[file]);
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
    const own = ownHosts(content);
    const host = this.#host.read();
    return {
      ownHosts: own,
      hosts: hostsText(own),
      hostname: hostnameText(own.hostname),
      resolvConf: content.hasResolver ? resolverConfText(host, content) : resolvConfText(host, content),
    };
  }

  /** Writes what is not known to stand in the files already. */
  #change(sandboxId: string, before: Texts, texts: Texts): void {
    const paths = this.paths(sandboxId);
    const { hostname, lines } = before.ownHosts;
    const changes = changesOf(texts, [hostname, this.#attempted.get(sandboxId)], lines);
    this.#write(
      sandboxId,
      texts,
      (file) => texts[file] === before[file] || changeFile(paths[file], changes[file]),
    );
  }

  /** Writes what does not stand in the files. */
  #review(sandboxId: string, texts: Texts): void {
    const paths = this.paths(sandboxId);
    const hostname = markedHostname(readText(paths.hosts) ?? "");
    const changes = changesOf(texts, [hostname, this.#attempted.get(sandboxId)]);
    this.#write(sandboxId, texts, (file) => reviewFile(paths[file], changes[file]));
  }

  /** @param write answers false for a file that was left as it is */
  #write(sandboxId: string, texts: Texts, write: (file: keyof SandboxFilePaths) => boolean): void {
    // Forgotten until all is written: after a failure nobody knows what stands in the files.
    this.#written.delete(sandboxId);
    this.#attempted.set(sandboxId, texts.ownHosts.hostname);
    const left = kindsOfFile.filter((file) => !write(file));
    if (left.length > 0) return;
    this.#written.set(sandboxId, texts);
    this.#attempted.delete(sandboxId);
  }
}

/** What is to stand in a file, for what stands there. */
type Change = (there: string) => string;

/**
 * @param hostnames those that were ours, as far as that is known
 * @param lines of hosts that were ours, where that is known
 */
function changesOf(
  texts: Texts,
  hostnames: readonly (string | undefined)[],
  lines?: readonly string[],
): Readonly<Record<keyof SandboxFilePaths, Change>> {
  return {
    hostname: (there) =>
      isEditedHostname(there, texts.ownHosts.hostname, ...hostnames) ? there : texts.hostname,
    resolvConf: (there) => (isEditedResolvConf(there) ? there : texts.resolvConf),
    hosts: (there) => updatedHosts(there, texts.ownHosts, lines),
  };
}

/** One that is as it should be is only read. @returns false where it was left as it is, for what others do there */
function reviewFile(path: string, change: Change): boolean {
  const unfinished = unfinishedText(path);
  if (unfinished !== undefined) {
    const isChanged = changeFile(path, () => change(unfinished));
    if (isChanged) forgetUnfinished(path);
    return isChanged;
  }
  const there = readText(path);
  return there !== undefined && change(there) === there ? true : changeFile(path, change);
}
