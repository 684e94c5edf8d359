/**
 * Whether the file systems of our directories have room: without it nothing can be stored.
 */

import type { StatsFs } from "node:fs";
import { files } from "@causeway/kernel";
import type { HealthItem } from "../../contracts/health.ts";

/** Bytes: some thousand records, and SQLite's log. */
const leastSpace = 16 * 1024 * 1024;
/** Part of all inodes. */
const leastInodes = 0.01;

export function inspectSpace(path: string): readonly HealthItem[] {
  return spaceItems(path, files.statfsSync(path));
}

export function spaceItems(
  path: string,
  { bavail, bsize, files, ffree }: Pick<StatsFs, "bavail" | "bsize" | "files" | "ffree">,
): readonly HealthItem[] {
  const space = bavail * bsize;
  const lacking: string[] = [];
  if (space < leastSpace) lacking.push(`${Math.floor(space / 1024)} KiB of space`);
  // Some file systems have no fixed number of them, and say 0.
  if (files > 0 && ffree < files * leastInodes) lacking.push(`${ffree} of ${files} inodes`);
  if (lacking.length === 0) return [];
  return [
    {
      code: "disk_nearly_full",
      nature: "host",
      subject: { kind: "host" },
      message: `the file system of ${path} has only ${lacking.join(" and ")} left`,
      mend: "make room there, or move the directory to a larger file system",
      repairable: false,
    },
  ];
}
