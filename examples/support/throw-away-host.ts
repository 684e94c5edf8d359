// A host to try things on: a namespace and two directories, gone when the example ends.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";

/** What `NetworkController.open` is told; on your own machine: directories of your choice, and no `hostNamespace`. */
export interface ThrowAwayHost extends Disposable {
  readonly stateDir: string;
  readonly runDir: string;
  readonly hostNamespace: string;
}

export function throwAwayHost(): ThrowAwayHost {
  const directory = mkdtempSync(join(tmpdir(), "causeway-example-"));
  const hostNamespace = join(directory, "host");
  using namespace = NetNamespace.create();
  namespace.bindAt(hostNamespace);
  using rtnl = new Rtnl(namespace);
  rtnl.execute(link.change({ name: "lo" }, { up: true }));
  return {
    stateDir: join(directory, "state"),
    runDir: join(directory, "run"),
    hostNamespace,
    [Symbol.dispose]() {
      unbindNamespace(hostNamespace);
      rmSync(directory, { recursive: true });
    },
  };
}

/** Runs a command in a sandbox and answers what it printed. */
export async function output(child: import("node:child_process").ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (chunk) => {
    text += String(chunk);
  });
  await new Promise((resolve) => child.once("close", resolve));
  return text.trim();
}
