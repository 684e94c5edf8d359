// For suites that touch the kernel: whatever they open, make or mount must be gone when they end.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { eventually } from "./eventually.ts";

export interface Scratch {
  /** An empty directory for the suite's files and mounts: there from the suite's first hook on, removed at its end. */
  readonly directory: string;
}

/**
 * Call it in a `describe`: after the suite's last test, fails when the process has another set of open files, the
 * namespace other links, or the suite's directory a mount.
 */
export function checkLeaks(): Scratch {
  const directory = join(tmpdir(), `causeway-${randomBytes(6).toString("hex")}`);
  let found: readonly string[] | undefined;
  // Not at once: where a name pattern leaves the suite out, nobody would remove it.
  before(() => {
    mkdirSync(directory);
    found = leftovers(directory);
  });
  after(async () => {
    // Where the suite could not begin, that is the error to show.
    if (found === undefined) return;
    // The kernel reaps in its own time what was let go.
    await eventually(() =>
      assert.deepEqual(
        leftovers(directory),
        found,
        "the suite left something behind, or took something away",
      ),
    );
    rmSync(directory, { recursive: true });
  });
  return { directory };
}

/**
 * What would be left behind: one line for each link of this namespace, open file of this process, and mount below the
 * directory; sorted.
 */
export function leftovers(directory?: string): readonly string[] {
  return [
    ...links().map((name) => `link ${name}`),
    ...(directory === undefined ? [] : mountsBelow(directory).map((path) => `mount ${path}`)),
    ...openFiles().map((target) => `open ${target}`),
  ].sort();
}

// Not /sys/class/net: it shows the namespace in which /sys was mounted.
function links(): string[] {
  return readFileSync("/proc/thread-self/net/dev", "utf8")
    .split("\n")
    .slice(2)
    .flatMap((line) => line.match(/^\s*([^:\s]+):/)?.[1] ?? []);
}

/** Paths of mounts. */
export function mountsBelow(directory: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => path.startsWith(`${directory}/`));
}

/**
 * What the descriptors lead to, without numbers. Node.js opens event queues and pipes of its own when it likes, and
 * sys/libnftables.ts keeps low numbers in reserve by way of /dev/null.
 */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd")
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // The descriptor of the listing itself.
      }
    })
    .filter((target) => !/^(anon_inode:|pipe:|\/dev\/null$)/.test(target))
    .map((target) => target.replace(/^(socket|net|mnt):.*/, "$1"));
}
