/**
 * Whose a run directory is: its file `owner` names the controller. What is swept there must be our own, and two
 * controllers in one directory would sweep each other's.
 */

import type { Stats } from "node:fs";
import { join } from "node:path";
import { files } from "@causeway/kernel";
import type { MarkedNamespace } from "../contracts/netstack.ts";
import { CausewayError, conflict, messageOf } from "../errors.ts";

/** How much of a sandbox's id is its name in the run directory. */
const nameLength = 12;
/** Of a network's namespace, before the id. */
const networkPrefix = "network-";
const sandboxName = new RegExp(`^[0-9a-f]{${nameLength}}$`);

export function sandboxNameOf(sandboxId: string): string {
  return sandboxId.slice(0, nameLength);
}

/** Where the namespace of a network is kept that has one of its own. */
export function networkNamespacePath(runDir: string, networkId: string): string {
  return join(runDir, "netns", `${networkPrefix}${networkId.slice(0, nameLength)}`);
}

/** Whose a namespace is, by the name of its file; undefined where it is no such name. */
export function namespaceNamed(name: string): Pick<MarkedNamespace, "of" | "objectId"> | undefined {
  if (sandboxName.test(name)) return { of: "sandbox", objectId: name };
  const rest = name.startsWith(networkPrefix) ? name.slice(networkPrefix.length) : "";
  return sandboxName.test(rest) ? { of: "network", objectId: rest } : undefined;
}

/**
 * Makes the run directory, if need be, and makes it ours. It stays ours: nothing takes the file away.
 *
 * @throws run_dir_taken where it is another controller's, or holds namespaces of others
 * @throws run_dir_unusable where something stands in it that is not what we keep there
 */
export function claimRunDirectory(runDir: string, controllerId: string): void {
  makeDirectory(runDir);
  for (const folder of ["netns", "sandboxes"]) refuseNoDirectory(runDir, join(runDir, folder));
  const path = join(runDir, "owner");
  if (!placeOwner(path, controllerId)) {
    const owner = readOwner(runDir, path);
    if (owner === controllerId) return;
    const mend =
      "give this one a directory of its own; where its state directory was lost, restore a backup of it " +
      `(NetworkController.restoreBackup); or remove ${path} when that controller is no more`;
    throw conflict(
      "run_dir_taken",
      `options.runDir: ${runDir} is the run directory of controller ${JSON.stringify(owner)}: ${mend}`,
      { runDir, owner },
    );
  }
  const namespaces = join(runDir, "netns");
  const strangers = files.existsSync(namespaces)
    ? files.readdirSync(namespaces).filter((name) => namespaceNamed(name) !== undefined)
    : [];
  if (strangers.length === 0) return;
  files.rmSync(path);
  throw conflict(
    "run_dir_taken",
    `options.runDir: ${namespaces} holds namespaces of somebody else (${strangers.slice(0, 3).join(", ")}): give a directory of its own`,
    { runDir, namespaces: strangers },
  );
}

function makeDirectory(runDir: string): void {
  try {
    files.mkdirSync(runDir, { recursive: true, mode: 0o755 });
  } catch (error) {
    const why = messageOf(error);
    const message = `options.runDir: ${runDir} cannot be made a directory (${why}): give another, or remove what is in its way`;
    throw new CausewayError("conflict", "run_dir_unusable", message, {
      cause: error,
      detail: { runDir, path: runDir },
    });
  }
}

function refuseNoDirectory(runDir: string, path: string): void {
  const there = files.lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined || files.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  throw unusable(runDir, path, `${kindOf(there)} where a directory should be`);
}

/** Only a regular file is read: a FIFO would hold the event loop until somebody writes. */
function readOwner(runDir: string, path: string): string {
  const there = files.lstatSync(path);
  if (there.isFile()) return files.readFileSync(path, "utf8").trim();
  throw unusable(runDir, path, `${kindOf(there)} where the file with its controller's id should be`);
}

function unusable(runDir: string, path: string, what: string): Error {
  const message = `options.runDir: ${path} is ${what}: remove it, or give the controller a directory of its own`;
  return conflict("run_dir_unusable", message, { runDir, path });
}

function kindOf(there: Stats): string {
  if (there.isSymbolicLink()) return "a symbolic link";
  if (there.isDirectory()) return "a directory";
  if (there.isFIFO()) return "a FIFO";
  return there.isFile() ? "a file" : "a device or a socket";
}

/** Answers false where there is one. By a link, so that the file never stands there without its text. */
function placeOwner(path: string, controllerId: string): boolean {
  const draft = `${path}.${controllerId}`;
  // A killed run may have left one.
  files.rmSync(draft, { recursive: true, force: true });
  files.writeFileSync(draft, `${controllerId}\n`, { mode: 0o644, flag: "wx" });
  try {
    files.linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    files.rmSync(draft);
  }
}
