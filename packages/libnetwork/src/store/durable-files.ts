/**
 * Files and directories that are there after a power cut: what a name leads to is durable when its directory was synced.
 */

import { dirname } from "node:path";
import { files, O_RDONLY } from "@causeway/kernel";

/** Makes a directory, for this user alone, and what is missing above it; each is durable in the one above. */
export function makeDurableDirectory(path: string): void {
  const first = files.mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(first);
  for (let made = path; made !== top && made !== dirname(made); made = dirname(made)) sync(dirname(made));
}

/** Waits until a file's bytes, or a directory's names, are on the disk. */
export function sync(path: string): void {
  const fd = files.openSync(path, O_RDONLY);
  try {
    files.fsyncSync(fd);
  } finally {
    files.closeSync(fd);
  }
}
