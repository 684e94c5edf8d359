// A bundle for an OCI runtime (runc, crun): the host's programs, read-only, in a network namespace that is given.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CAPABILITIES = ["CAP_NET_RAW", "CAP_NET_BIND_SERVICE"];

/**
 * Writes a bundle.
 *
 * @param directory where the bundle goes, an empty directory
 * @param netnsPath the network namespace that the container is to join
 * @param command what runs in it, program and arguments
 */
export function writeBundle(directory: string, netnsPath: string, command: readonly string[]): void {
  const root = join(directory, "rootfs");
  for (const folder of ["usr", "proc", "tmp", "etc"]) mkdirSync(join(root, folder), { recursive: true });
  for (const folder of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${folder}`, join(root, folder));
  const config = {
    ociVersion: "1.0.2",
    process: {
      args: command,
      cwd: "/",
      env: ["PATH=/usr/sbin:/usr/bin"],
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    },
    root: { path: "rootfs", readonly: true },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/usr", type: "none", source: "/usr", options: ["rbind", "ro"] },
    ],
    linux: {
      namespaces: [
        { type: "pid" },
        { type: "ipc" },
        { type: "uts" },
        { type: "mount" },
        { type: "network", path: netnsPath },
      ],
    },
  };
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
}
