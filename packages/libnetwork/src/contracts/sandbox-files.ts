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
  /** Others that it finds by names of its own, where no resolver answers. */
  readonly links: readonly { readonly address: string; readonly names: readonly string[] }[];
  /** Names are asked of the resolver, at 127.0.0.11, which knows whom else to ask. */
  readonly hasResolver: boolean;
  /** Empty: the host's. */
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** The sandbox's own addresses, without prefix length, in the order of its interfaces. */
  readonly addresses: readonly string[];
}

/**
 * What others write into the files stays: lines of theirs in hosts; hostname and resolv.conf as a whole, until somebody empties them.
 */
export interface SandboxFiles {
  /** Makes the files; answers where they are. */
  create(content: SandboxFileContent): SandboxFilePaths;
  /** Writes what has to change into the same files: they may be mounted somewhere, so they keep their inodes. */
  update(content: SandboxFileContent): void;
  /**
   * Looks at what stands in the files, and writes what does not stand in them: after a restart, for a run that was killed may have been
   * writing them, and when somebody asks for it.
   */
  review(content: SandboxFileContent): void;
  paths(sandboxId: string): SandboxFilePaths;
  /** @param sandboxId the id, or what it begins with as of {@link list} */
  remove(sandboxId: string): void;
  /** Paths of those that are not there. */
  missing(sandboxId: string): readonly string[];
  /** Paths of those that others have written into. */
  edited(sandboxId: string): readonly string[];
  /** Writes those that are not there; the others, which somebody may have changed, stay as they are. */
  mend(content: SandboxFileContent): void;
  /** Ids, or what they begin with, of the sandboxes that there are files of. */
  list(): readonly string[];
}
