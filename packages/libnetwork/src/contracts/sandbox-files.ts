/**
 * SandboxFiles: the files that tell programs in a sandbox its names and name servers. A container runtime mounts them
 * over /etc/hosts, /etc/hostname and /etc/resolv.conf.
 */

export interface SandboxFilePaths {
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
}

/** What the files say. */
export interface SandboxFileContent {
  readonly sandboxId: string;
  /** Undefined: no line of its own. */
  readonly hostname: string | undefined;
  readonly domainname: string | undefined;
  readonly extraHosts: readonly { readonly name: string; readonly address: string }[];
  /** Names are asked of the resolver, at 127.0.0.11, which knows whom else to ask. */
  readonly hasResolver: boolean;
  /** Empty: the host's. */
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** The sandbox's own addresses, without prefix length, in the order of its interfaces. */
  readonly addresses: readonly string[];
}

export interface SandboxFiles {
  /** Makes the files; answers where they are. */
  create(content: SandboxFileContent): SandboxFilePaths;
  /** Writes what changed into the same files: they may be mounted somewhere, so they keep their inodes. */
  update(content: SandboxFileContent): void;
  /** After a restart: writes the files again that say something else, for a run that was killed was writing them. */
  restore(content: SandboxFileContent): void;
  paths(sandboxId: string): SandboxFilePaths;
  /** @param sandboxId the id, or what it begins with as of {@link list} */
  remove(sandboxId: string): void;
  /** Paths of those that are not there. */
  missing(sandboxId: string): readonly string[];
  /** Writes those that are not there; the others, which somebody may have changed, stay as they are. */
  mend(content: SandboxFileContent): void;
  /** Ids, or what they begin with, of the sandboxes that there are files of. */
  list(): readonly string[];
}
