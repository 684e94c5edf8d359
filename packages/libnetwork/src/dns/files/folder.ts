/**
 * Folders of sandboxes' files: made, listed and removed.
 *
 * All throw `sandbox_files_failed`.
 */
import type { Dirent } from "node:fs";
import { files, hasCause } from "@causeway/kernel";
import { filesFailed } from "./shared-file.ts";

const folderMode = 0o755;

/** None where there is no such folder. */
export function entriesOf(path: string): readonly Dirent[] {
  if (!files.existsSync(path)) return [];
  try {
    return files.readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    throw filesFailed("read", path, cause);
  }
}

/** File by file: that takes no descriptor, and there may be none. One that is not there is no error. */
export function removeFolder(path: string, fileNames: readonly string[]): void {
  try {
    for (const name of fileNames) files.rmSync(`${path}/${name}`, { force: true });
    files.rmdirSync(path);
  } catch (cause) {
    if (hasCause(cause, "ENOENT")) return;
    if (!hasCause(cause, "ENOTEMPTY", "ERR_FS_EISDIR")) throw filesFailed("remove", path, cause);
    // Somebody has put something else into it.
    removeTree(path);
  }
}

function removeTree(path: string): void {
  try {
    files.rmSync(path, { recursive: true, force: true });
  } catch (cause) {
    throw filesFailed("remove", path, cause);
  }
}

/** Answers whether the folder is new. */
export function makeFolder(path: string): boolean {
  try {
    if (files.mkdirSync(path, { recursive: true, mode: folderMode }) === undefined) return false;
    files.chmodSync(path, folderMode);
    return true;
  } catch (cause) {
    throw filesFailed("make", path, cause);
  }
}
