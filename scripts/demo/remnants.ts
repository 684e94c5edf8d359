// What a demo has left: to be told before its namespaces are let go, by which all of it goes.

import { join } from "node:path";
import { filesBelow, linksIn, mountsBelow, tablesIn } from "./look.ts";
import { processesIn } from "./processes.ts";
import { until } from "./until.ts";

/** What a demo's namespace has when nothing else is there. */
const ownLinks = new Set(["lo", "eth0"]);

export interface Stage {
  readonly directory: string;
  /** The demo's own namespaces, by where something in them is said to be: "on the host". */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Run directories of its controllers. */
  readonly runDirs: readonly string[];
  /** Namespaces that there were, in which nobody may live any more. */
  readonly known: ReadonlySet<string>;
}

/** What should be gone once everything has been deleted and the controllers have been closed, and has not gone in its time: a line each. */
export async function leftoversOf(stage: Stage): Promise<readonly string[]> {
  let left: readonly string[] = [];
  await until(() => {
    left = remnantsOf(stage);
    return left.length === 0;
  });
  return left;
}

function remnantsOf({ directory, namespaces, runDirs, known }: Stage): readonly string[] {
  const own = new Set(namespaces.values());
  return [
    ...[...namespaces].flatMap(([where, path]) => [
      ...linksIn(path)
        .filter((name) => !ownLinks.has(name))
        .map((name) => `link ${name} ${where}`),
      ...tablesIn(path).map((name) => `nft ${name} ${where}`),
    ]),
    ...mountsBelow(directory)
      .filter((path) => !own.has(path))
      .map((path) => `namespace mounted at ${path}`),
    ...runDirs.flatMap(filesLeft).map((path) => `file ${path}`),
    ...processesIn(known).map(({ pid, command }) => `process ${pid} (${command}): end it`),
  ];
}

/** All but the mark of whose the run directory is, which stays. */
function filesLeft(runDir: string): readonly string[] {
  return filesBelow(runDir).filter((path) => path !== join(runDir, "owner"));
}
