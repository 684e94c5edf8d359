// A host to measure on: a namespace of its own with a controller, as a machine has it in earnest.

import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { link, NetNamespace, NftContext, Rtnl, unbindNamespace } from "@causeway/kernel";
import { type ControllerOptions, type Endpoint, NetworkController } from "@causeway/libnetwork";

/** The store: a disk, because a durable write is what is measured. */
const DISK = "/var/tmp";
/** The run directory: memory, as /run is on a machine with systemd. */
const MEMORY = "/dev/shm";
/** f_type of statfs(2), linux/magic.h. */
const TMPFS_MAGIC = 0x01021994;

/** Milliseconds in which the kernel does away with namespaces that were let go of, when their links have gone. */
const QUIET = 300;

export class BenchHost implements AsyncDisposable {
  readonly namespace: NetNamespace;
  /** A connection to rtnetlink in the host's namespace. */
  readonly rtnl: Rtnl;
  readonly controller: NetworkController;
  readonly #stateDir: string;
  readonly #runDir: string;

  private constructor(namespace: NetNamespace, controller: NetworkController, directories: Directories) {
    this.namespace = namespace;
    this.controller = controller;
    this.rtnl = new Rtnl(namespace);
    this.#stateDir = directories.stateDir;
    this.#runDir = directories.runDir;
  }

  /** @param options the controller's; every default is on unless they say otherwise */
  static async open(options: Partial<ControllerOptions> = {}): Promise<BenchHost> {
    // The first context of a process keeps low descriptors in reserve: before warm namespaces take them.
    new NftContext()[Symbol.dispose]();
    const directories = { stateDir: directoryOn("disk", DISK), runDir: directoryOn("memory", MEMORY) };
    const namespace = NetNamespace.create();
    const hostNamespace = join(directories.runDir, "host");
    namespace.bindAt(hostNamespace);
    const controller = await NetworkController.open({ ...options, ...directories, hostNamespace });
    const host = new BenchHost(namespace, controller, directories);
    host.rtnl.execute(link.change({ name: "lo" }, { up: true }));
    return host;
  }

  /** What is left of endpoints and sandboxes: links of the host, namespaces and folders of the run directory. */
  remains(): number {
    const links = this.rtnl.dump(link.list({ kind: "veth" })).length;
    const folders = ["netns", "sandboxes"].map((name) => join(this.#runDir, name)).filter(existsSync);
    const entries = folders.flatMap((folder) => readdirSync(folder));
    return links + entries.filter((name) => name !== "host").length;
  }

  /** Whether the host's end of an endpoint's link is still there. Costs a look at one link, not at all. */
  hasLinkOf({ id }: Endpoint): boolean {
    return this.rtnl.findLink({ name: `veth${id.slice(0, 11)}` }) !== undefined;
  }

  /** Waits until nothing is left: what comes next is not disturbed by what was before. */
  async quiet(): Promise<void> {
    while (this.remains() > 0) await sleep(5);
    await sleep(QUIET);
  }

  /** Deletes every sandbox with its endpoints. */
  async clear(): Promise<void> {
    for (const sandbox of this.controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await this.quiet();
    await this.controller.close();
    this.rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
    unbindNamespace(join(this.#runDir, "host"));
    for (const directory of [this.#stateDir, this.#runDir]) rmSync(directory, { recursive: true });
  }
}

interface Directories {
  readonly stateDir: string;
  readonly runDir: string;
}

function directoryOn(kind: "disk" | "memory", parent: string): string {
  if ((statfsSync(parent).type === TMPFS_MAGIC) !== (kind === "memory")) {
    throw new Error(
      `${parent} is ${kind === "disk" ? "in memory" : "on a disk"}: this bench would not measure what it says`,
    );
  }
  return mkdtempSync(join(parent, "causeway-bench-"));
}
