// A limit on how many threads and processes this process may have: a cgroup of its own (cgroup v1 and v2, controller pids).

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the controller is mounted, and where this process is in it. */
function place(): { readonly root: string; readonly own: string } | undefined {
  const groups = readFileSync("/proc/self/cgroup", "utf8");
  const first = /^\d+:pids:(.*)$/m.exec(groups)?.[1];
  if (first !== undefined && existsSync("/sys/fs/cgroup/pids/cgroup.procs")) {
    return { root: "/sys/fs/cgroup/pids", own: first };
  }
  const second = /^0::(.*)$/m.exec(groups)?.[1];
  const controllers = "/sys/fs/cgroup/cgroup.subtree_control";
  if (second === undefined || !existsSync(controllers)) return undefined;
  if (!readFileSync(controllers, "utf8").split(/\s+/).includes("pids")) return undefined;
  return { root: "/sys/fs/cgroup", own: second };
}

/** For the `skip` option of a test: false where the limit can be set. */
export function needsProcessLimit(): string | false {
  return place() === undefined ? "no cgroup controller for pids is mounted under /sys/fs/cgroup" : false;
}

/** While it is there, this process gets no further thread and no child. */
export class ProcessLimit implements Disposable {
  readonly #group: string;
  readonly #before: string;

  constructor() {
    const { root, own } = place() ?? { root: "", own: "" };
    this.#before = join(root, own, "cgroup.procs");
    this.#group = join(root, `causeway-test-${process.pid}`);
    mkdirSync(this.#group);
    writeFileSync(join(this.#group, "cgroup.procs"), String(process.pid));
    writeFileSync(join(this.#group, "pids.max"), readFileSync(join(this.#group, "pids.current")));
  }

  [Symbol.dispose](): void {
    writeFileSync(this.#before, String(process.pid));
    rmdirSync(this.#group);
  }
}
