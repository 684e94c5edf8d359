/**
 * Where the things of a container are: what has to outlive a reboot in the state directory, everything else in the run directory.
 */
import { join } from "node:path";

/**
 * What is told by a file's being there: who may start it (`claim`), the process (`pid`), how it ended (`exit`), and what the runtime
 * says (`log`).
 */
export type Mark = "claim" | "pid" | "exit" | "log";

export const marks: readonly Mark[] = ["claim", "pid", "exit", "log"];

export class Places {
  /** Records and logs. */
  readonly kept: string;
  /** A directory for each container: what the runtime is given. */
  readonly bundles: string;
  /** Watched. */
  readonly marks: string;
  /** Where the OCI runtime keeps its own state. */
  readonly runtimeRoot: string;

  constructor(stateDir: string, runDir: string) {
    this.kept = join(stateDir, "containers");
    this.bundles = join(runDir, "containers");
    this.marks = join(runDir, "container-marks");
    this.runtimeRoot = join(runDir, "runc");
  }

  record(id: string): string {
    return join(this.kept, `${id}.json`);
  }

  log(id: string): string {
    return join(this.kept, `${id}.log`);
  }

  bundle(id: string): string {
    return join(this.bundles, id);
  }

  /** @param kind without one, the beginning of all of its marks */
  mark(id: string, kind?: Mark): string {
    return join(this.marks, kind === undefined ? id : `${id}.${kind}`);
  }
}
