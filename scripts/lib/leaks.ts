// What a run may leave behind on a machine: a snapshot before, a snapshot after, and the difference.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What stands on the machine: one line each, such as `link veth12` or `mount /run/netns/a`. */
export type Snapshot = ReadonlySet<string>;

/** How long the kernel may take to reap links of a namespace that was let go, milliseconds. */
const REAPING_TIME = 5000;

/**
 * Links, namespace files, bind-mounted namespaces and nftables tables, as seen from the calling thread's namespaces,
 * and the entries of one directory for temporary files.
 */
export function snapshot(temporaryFiles?: string): Snapshot {
  return new Set([
    ...links().map((name) => `link ${name}`),
    ...entries("/run/netns").map((name) => `namespace ${name}`),
    ...namespaceMounts().map((path) => `mount ${path}`),
    ...nftTables().map((table) => `nft ${table}`),
    ...(temporaryFiles ? entries(temporaryFiles).map((name) => `file ${temporaryFiles}/${name}`) : []),
  ]);
}

/** What is there now and was not in `before`, once the kernel had time to finish what was begun. */
export async function leaks(before: Snapshot, temporaryFiles?: string): Promise<readonly string[]> {
  const deadline = Date.now() + REAPING_TIME;
  for (;;) {
    const left = [...snapshot(temporaryFiles).difference(before)];
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(100);
  }
}

// /proc/net is the calling process's own; /sys/class/net would show the namespace in which /sys was mounted.
function links(): string[] {
  return readFileSync("/proc/net/dev", "utf8")
    .split("\n")
    .slice(2)
    .flatMap((line) => line.match(/^\s*([^:\s]+):/)?.[1] ?? []);
}

function namespaceMounts(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(" - nsfs "))
    .map((line) => line.split(" ")[4] ?? line);
}

function nftTables(): string[] {
  const listing = spawnSync("nft", ["list", "tables"], { encoding: "utf8" });
  return listing.status === 0 ? listing.stdout.split("\n").filter((line) => line !== "") : [];
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
