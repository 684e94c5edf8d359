// A root directory for containers: busybox, statically linked, under the names of its programs.

import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const programs = [
  "sh",
  "cat",
  "echo",
  "false",
  "hostname",
  "id",
  "ip",
  "ls",
  "nc",
  "ping",
  "sleep",
  "touch",
  "true",
  "wget",
  "tty",
  "mount",
  "nslookup",
];

/** Makes it in an empty directory, or in one that is yet to be made. Everybody may enter it, whatever the umask. */
export function makeRootDirectory(directory: string): string {
  for (const folder of [".", "bin", "etc", "tmp", "proc", "sys", "dev"]) {
    mkdirSync(join(directory, folder), { recursive: true });
    chmodSync(join(directory, folder), 0o755);
  }
  copyFileSync("/bin/busybox", join(directory, "bin/busybox"));
  chmodSync(join(directory, "bin/busybox"), 0o755);
  for (const program of programs) symlinkSync("busybox", join(directory, "bin", program));
  writeFileSync(join(directory, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  return directory;
}
