// What a run may leave behind on a machine: a snapshot before, a snapshot after, and the difference.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What stands on the machine: one line each, such as `link veth12` or `mount /run/netns/a`. */
type Snapshot = ReadonlySet<string>;

/** Takes a snapshot. */
type Look = () => Snapshot;

/** The links and nftables tables of the calling process's network namespace. */
export function network(): Snapshot {
  return new Set([...links().map((name) => `link ${name}`), ...nftTables().map((table) => `nft ${table}`)]);
}

/** The network, named and bind-mounted namespaces, and the entries of a directory for temporary files. */
export function wholeMachine(temporaryFiles: string): Snapshot {
  return network()
    .union(new Set(entries("/run/netns").map((name) => `namespace ${name}`)))
    .union(new Set(namespaceMounts().map((path) => `mount ${path}`)))
    .union(new Set(entries(temporaryFiles).map((name) => `file ${temporaryFiles}/${name}`)));
}

/**
 * What is there now and was not in `before`.
 *
 * @param patience milliseconds that the kernel gets to reap the links of namespaces that were let go; everything else
 * is gone at once or not at all
 */
export async function leaksSince(
  before: Snapshot,
  look: Look,
  patience = 20_000,
): Promise<readonly string[]> {
  const deadline = Date.now() + patience;
  for (;;) {
    const left = [...look().difference(before)];
    if (!left.some((leak) => leak.startsWith("link ")) || Date.now() > deadline) return left;
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
