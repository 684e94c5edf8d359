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
  /** What the controller is opened with. */
  readonly options: ControllerOptions;
  #controller: NetworkController;

  private constructor(namespace: NetNamespace, controller: NetworkController, options: ControllerOptions) {
    this.namespace = namespace;
    this.#controller = controller;
    this.rtnl = new Rtnl(namespace);
    this.options = options;
  }

  get controller(): NetworkController {
    return this.#controller;
  }

  /**
   * @param options the controller's; every default is on unless they say otherwise
   * @param prepare what the host has before its controller opens
   */
  static async open(
    options: Partial<ControllerOptions> = {},
    prepare: (namespace: NetNamespace) => void = () => undefined,
  ): Promise<BenchHost> {
    // The first context of a process keeps low descriptors in reserve: before warm namespaces take them.
    new NftContext()[Symbol.dispose]();
    const directories = { stateDir: directoryOn("disk", DISK), runDir: directoryOn("memory", MEMORY) };
    const namespace = NetNamespace.create();
    const hostNamespace = join(directories.runDir, "host");
    namespace.bindAt(hostNamespace);
    prepare(namespace);
    const complete = { ...options, ...directories, hostNamespace };
    const controller = await NetworkController.open(complete);
    const host = new BenchHost(namespace, controller, complete);
    host.rtnl.execute(link.change({ name: "lo" }, { up: true }));
    return host;
  }

  /** Closes the controller; `meanwhile` has it opened again. */
  async reopen(meanwhile: (open: () => Promise<NetworkController>) => Promise<void>): Promise<void> {
    await this.controller.close();
    await meanwhile(async () => {
      this.#controller = await NetworkController.open(this.options);
      return this.#controller;
    });
  }

  /** What is left of endpoints and sandboxes: links of the host, namespaces and folders of the run directory. */
  remains(): number {
    const pairs = this.rtnl.dump(link.list({ kind: "veth" }));
    const links = pairs.filter((one) => one?.name.startsWith("veth")).length;
    const folders = ["netns", "sandboxes"].map((name) => join(this.options.runDir, name)).filter(existsSync);
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
    const { stateDir, runDir } = this.options;
    unbindNamespace(join(runDir, "host"));
    for (const directory of [stateDir, runDir]) rmSync(directory, { recursive: true });
  }
}

function directoryOn(kind: "disk" | "memory", parent: string): string {
  if ((statfsSync(parent).type === TMPFS_MAGIC) !== (kind === "memory")) {
    throw new Error(
      `${parent} is ${kind === "disk" ? "in memory" : "on a disk"}: this bench would not measure what it says`,
    );
  }
  return mkdtempSync(join(parent, "causeway-bench-"));
}
