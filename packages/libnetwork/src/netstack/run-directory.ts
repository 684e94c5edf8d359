/**
 * Whose a run directory is: its file `owner` names the controller. What is swept there must be our own, and two
 * controllers in one directory would sweep each other's.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conflict } from "../errors.ts";

/** How much of a sandbox's id is its name in the run directory. */
const nameLength = 12;
const sandboxName = new RegExp(`^[0-9a-f]{${nameLength}}$`);

export function sandboxNameOf(sandboxId: string): string {
  return sandboxId.slice(0, nameLength);
}

export function isSandboxName(name: string): boolean {
  return sandboxName.test(name);
}

/**
 * Makes the run directory, if need be, and makes it ours. It stays ours: nothing takes the file away.
 *
 * @throws run_dir_taken where it is another controller's, or holds namespaces of others
 */
export function claimRunDirectory(runDir: string, controllerId: string): void {
  mkdirSync(runDir, { recursive: true, mode: 0o755 });
  const path = join(runDir, "owner");
  if (!placeOwner(path, controllerId)) {
    const owner = readFileSync(path, "utf8").trim();
    if (owner === controllerId) return;
    const mend = `give this one a directory of its own, or remove ${path} when that controller is no more`;
    throw conflict(
      "run_dir_taken",
      `options.runDir: ${runDir} is the run directory of controller ${JSON.stringify(owner)}: ${mend}`,
      { runDir, owner },
    );
  }
  const namespaces = join(runDir, "netns");
  const strangers = existsSync(namespaces) ? readdirSync(namespaces).filter(isSandboxName) : [];
  if (strangers.length === 0) return;
  rmSync(path);
  throw conflict(
    "run_dir_taken",
    `options.runDir: ${namespaces} holds namespaces of somebody else (${strangers.slice(0, 3).join(", ")}): give a directory of its own`,
    { runDir, namespaces: strangers },
  );
}

/** Answers false where there is one. By a link, so that the file never stands there without its text. */
function placeOwner(path: string, controllerId: string): boolean {
  const draft = `${path}.${controllerId}`;
  writeFileSync(draft, `${controllerId}\n`, { mode: 0o644 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft);
  }
}
