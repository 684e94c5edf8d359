/**
 * The files with names, mounted in the container before its root directory becomes the root.
 */
import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Adopted } from "@causeway/daemon/api";
import { CliError, exitCodes, messageOf } from "../errors.ts";

interface BundleConfig {
  readonly root?: { readonly path?: unknown };
  readonly mounts?: readonly { readonly destination?: unknown }[];
}

/**
 * Where the container has a plain file, and its bundle mounts nothing over it.
 *
 * @throws CliError
 */
export async function mountFiles(bundle: string, pid: number, files: Adopted["files"]): Promise<void> {
  const mounts = wantedMounts(bundle, files);
  if (mounts.length === 0) return;
  const { execFileSync } = await import("node:child_process");
  const script = 'while [ $# -gt 0 ]; do mount --bind "$1" "$2" || exit 1; shift 2; done';
  const words = [`--mount=/proc/${pid}/ns/mnt`, "/bin/sh", "-c", script, "causeway-files", ...mounts.flat()];
  try {
    execFileSync("nsenter", words, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    throw new CliError(exitCodes.refused, `hosts and resolv.conf cannot be mounted: ${messageOf(error)}`);
  }
}

function wantedMounts(
  bundle: string,
  { hosts, hostname, resolvConf }: Adopted["files"],
): readonly (readonly [string, string])[] {
  const { root, mounts = [] } = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as BundleConfig;
  const given = typeof root?.path === "string" ? root.path : "rootfs";
  const rootfs = realpathSync(isAbsolute(given) ? given : join(bundle, given));
  const taken = new Set(mounts.map(({ destination }) => destination));
  const wanted = [
    ["/etc/hosts", hosts],
    ["/etc/hostname", hostname],
    ["/etc/resolv.conf", resolvConf],
  ] as const;
  return wanted.flatMap(([destination, source]) => {
    const target = join(rootfs, destination);
    return !taken.has(destination) && isPlainFile(rootfs, target) ? [[source, target] as const] : [];
  });
}

/** None that a link of the container's leads to: that may be a file of the host's. */
function isPlainFile(rootfs: string, path: string): boolean {
  try {
    return lstatSync(path).isFile() && realpathSync(path).startsWith(`${rootfs}/`);
  } catch {
    return false;
  }
}
