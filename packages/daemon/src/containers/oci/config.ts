/**
 * config.json of an OCI bundle, as far as we set it, and that of a container from a root directory:
 * https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
import type { SandboxFilePaths } from "@causeway/libnetwork";
import { parseUser } from "../user.ts";
import { capabilities, maskedPaths, mounts, namespaces, path, readonlyPaths, sysctls } from "./defaults.ts";

export interface OciMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

export interface OciNamespace {
  readonly type: string;
  readonly path?: string;
}

/** What is said of any container, whatever its root comes from. */
export interface ProcessWish {
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly workingDirectory?: string;
  readonly user?: string;
  readonly terminal: boolean;
  readonly readOnly: boolean;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly sysctls: Readonly<Record<string, string>>;
}

/** Where it is to be. */
export interface Place {
  readonly netnsPath: string;
  readonly usesHostNetwork: boolean;
  readonly files: SandboxFilePaths;
}

/** For a root directory. */
export function rootfsConfig(rootfs: string, wish: ProcessWish, place: Place): object {
  const { terminal, readOnly, hostname } = wish;
  return {
    ociVersion: "1.0.2",
    process: {
      terminal,
      user: { ...parseUser(wish.user), umask: 0o022 },
      args: wish.command,
      env: mergedEnvironment(
        [`PATH=${path}`, ...(hostname ? [`HOSTNAME=${hostname}`] : []), ...(terminal ? ["TERM=xterm"] : [])],
        wish.environment,
      ),
      cwd: wish.workingDirectory ?? "/",
      capabilities: processCapabilities(wish.user),
      noNewPrivileges: false,
    },
    root: { path: rootfs, readonly: readOnly },
    ...(hostname !== undefined && { hostname }),
    mounts: [...mounts, ...fileMounts(place.files)],
    linux: {
      namespaces: [...namespaces().map((type) => ({ type })), { type: "network", path: place.netnsPath }],
      // Settings of the network's namespace are not changed where that is the host's.
      sysctl: { ...(place.usesHostNetwork ? {} : sysctls), ...wish.sysctls },
      resources: { devices: [{ allow: false, access: "rwm" }] },
      maskedPaths: maskedPaths(),
      readonlyPaths,
    },
  };
}

/** Who is not root has none at first, and may get those of the bounding set by a set-user-id program: Docker's way. */
function processCapabilities(user: string | undefined): object {
  const effective = parseUser(user).uid === 0 ? capabilities : [];
  return { bounding: capabilities, effective, permitted: effective };
}

/** Our files with names over the container's. */
export function fileMounts({ hosts, hostname, resolvConf }: SandboxFilePaths): readonly OciMount[] {
  const options = ["rbind", "rprivate"];
  return [
    { destination: "/etc/hosts", type: "bind", source: hosts, options },
    { destination: "/etc/hostname", type: "bind", source: hostname, options },
    { destination: "/etc/resolv.conf", type: "bind", source: resolvConf, options },
  ];
}

/** `NAME=value`, the later over the earlier. */
export function mergedEnvironment(base: readonly string[], more: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const entry of [...base, ...more]) byName.set(entry.split("=", 1)[0] ?? "", entry);
  return [...byName.values()];
}
