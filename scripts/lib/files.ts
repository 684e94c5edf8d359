// Finding the repository's own files.

import { globSync } from "node:fs";
import { join } from "node:path";

/** The repository's root, absolute. */
export const ROOT = join(import.meta.dirname, "../..");

/** Files that match one of the patterns, as sorted paths below `root`; never anything under node_modules, or in what a build made. */
export function findFiles(patterns: readonly string[], root = ROOT): string[] {
  return globSync(patterns, {
    cwd: root,
    exclude: (path) => path.split("/").includes("node_modules") || /^packages\/[^/]+\/dist$/.test(path),
  }).sort();
}
