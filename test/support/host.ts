// A host to test on: a namespace of its own with a controller, and a check at its end that nothing is left.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { link, NetNamespace, NftContext, Rtnl, unbindNamespace } from "@causeway/kernel";
import { type ControllerOptions, NetworkController, type Sandbox } from "@causeway/libnetwork";
import { eventually, patience } from "./eventually.ts";
import { assertSameState, kernelState } from "./kernel-state.ts";
import { leftovers } from "./leak-check.ts";

/** Memory: a commit to it costs no disk, and namespaces are bound where they will be bound in earnest. */
const scratch = "/dev/shm";

/** What a test may ask of the controller; the directories and the host's namespace are the host's affair. */
export type TestHostOptions = Partial<Omit<ControllerOptions, "stateDir" | "runDir" | "hostNamespace">>;

/**
 * A host with a controller on it.
 *
 * Other than a real one it has no default network and no warm namespaces unless they are asked for. At the test's
 * end all sandboxes and networks are deleted by the controller, and the test fails when the namespace holds other links, addresses,
 * routes, rules, ports or nft elements than at first, the run directory a file or mount, or this process another open file.
 *
 * @example
 * const host = await TestHost.create(t);
 * const network = await host.controller.newNetwork("bridge", "n");
 */
export class TestHost {
  readonly directory: string;
  readonly namespace: NetNamespace;
  /** A connection to rtnetlink in the host's namespace. */
  readonly rtnl: Rtnl;
  /** How long the leak check waits, milliseconds. */
  patience = patience;
  readonly #found: readonly string[];
  readonly #before: readonly string[];
  #options: ControllerOptions;
  #controller: NetworkController | undefined;

  private constructor(options: TestHostOptions, found: readonly string[]) {
    this.#found = found;
    this.directory = mkdtempSync(join(scratch, "causeway-"));
    this.namespace = NetNamespace.create();
    this.namespace.bindAt(join(this.directory, "host"));
    this.rtnl = new Rtnl(this.namespace);
    this.rtnl.execute(link.change({ name: "lo" }, { up: true }));
    this.#options = this.#complete(options);
    this.#before = remains(kernelState(this.namespace));
  }

  static async create(t: Pick<TestContext, "after">, options: TestHostOptions = {}): Promise<TestHost> {
    // The first context of a process keeps descriptors in reserve for good.
    new NftContext()[Symbol.dispose]();
    const host = new TestHost(options, leftovers());
    // Not by `await using`: where the test itself failed, its error is the one to show.
    t.after(() => host.#end());
    await host.start();
    return host;
  }

  /** Everything that the controller was opened with: for a second one on the same host. */
  get options(): ControllerOptions {
    return this.#options;
  }

  get isRunning(): boolean {
    return this.#controller !== undefined;
  }

  /** @throws Error while it is stopped */
  get controller(): NetworkController {
    if (this.#controller === undefined) throw new Error("the host's controller is stopped");
    return this.#controller;
  }

  /** Opens the controller, with the same options or with others. */
  async start(options?: TestHostOptions): Promise<NetworkController> {
    if (options !== undefined) this.#options = this.#complete(options);
    this.#controller = await NetworkController.open(this.#options);
    return this.#controller;
  }

  async stop(): Promise<void> {
    const controller = this.#controller;
    this.#controller = undefined;
    await controller?.close();
  }

  /** Closes the controller and opens it again, with the same options or with others. */
  async restart(options?: TestHostOptions): Promise<NetworkController> {
    await this.stop();
    return this.start(options);
  }

  /** Everything there is of this host: kernel, records, files, mounts, and open files of this process. */
  state(): readonly string[] {
    const { stateDir } = this.#options;
    return [
      ...kernelState(this.namespace),
      ...storedRecords(stateDir),
      ...files(this.#options.runDir),
      ...leftovers(this.directory),
    ];
  }

  /**
   * The state when the reaper has done its work.
   *
   * @param expected returns as soon as the state is this one, or when the kernel's time is up. Default: when no link or
   * namespace is left that goes
   */
  async settled(expected?: readonly string[]): Promise<readonly string[]> {
    const deadline = Date.now() + this.patience;
    for (;;) {
      const state = this.state();
      const rests = expected === undefined ? !this.#isReaping(state) : isDeepStrictEqual(state, expected);
      if (rests || Date.now() > deadline) return state;
      await sleep(5);
    }
  }

  /** Links that go are down, and namespaces that go belong to no sandbox any more. */
  #isReaping(state: readonly string[]): boolean {
    if (this.#controller === undefined) return false;
    const namespaces = join(this.#options.runDir, "netns");
    const kept = new Set(this.#controller.sandboxes().map(({ key }) => key)).add(join(namespaces, "host"));
    return state.some((line) => {
      // A namespace is unmounted first, and its file goes next.
      const [, path] = line.match(/^(?:mount|file) (.*)/) ?? [];
      if (path !== undefined) return path.startsWith(namespaces) && !kept.has(path);
      return / down alias causeway:/.test(line);
    });
  }

  async #end(): Promise<void> {
    try {
      if (this.#controller === undefined || this.#options.defaultNetwork !== false) {
        await this.restart({ defaultNetwork: false });
      }
      await clear(this.controller);
      // An opening controller takes the gateway bridge away that nobody is on.
      if (this.controller.networks().some(({ gatewayBridge }) => gatewayBridge)) await this.restart();
      await this.stop();
      await this.#checkLeaks();
    } finally {
      await this.letGo();
    }
  }

  /**
   * Stops the controller and lets everything go with the host's namespace: instead of the test's end, where nothing is to be deleted
   * one by one. Fails where this process has another open file than at first.
   */
  async letGo(): Promise<void> {
    await this.stop();
    this.#letGo();
    const gone = () =>
      assertSameState(leftovers(), this.#found, "open files or links of this process differ");
    await eventually(gone, this.patience);
  }

  async #checkLeaks(): Promise<void> {
    const host = join(this.#options.runDir, "netns/host");
    if (existsSync(host)) unbindNamespace(host);
    await eventually(() => {
      const left = remains(kernelState(this.namespace));
      assertSameState(left, this.#before, "the host holds something else than at first");
      assert.deepEqual(files(this.#options.runDir), [], "the run directory is not empty");
    }, this.patience);
  }

  #letGo(): void {
    this.rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
    const mounts = leftovers(this.directory).flatMap((line) => line.match(/^mount (.*)/)?.[1] ?? []);
    for (const path of mounts) unbindNamespace(path);
    rmSync(this.directory, { recursive: true });
  }

  #complete(options: TestHostOptions): ControllerOptions {
    return {
      defaultNetwork: false,
      warmNamespaces: 0,
      ...options,
      stateDir: join(this.directory, "state"),
      runDir: join(this.directory, "run"),
      hostNamespace: join(this.directory, "host"),
    };
  }
}

/** The namespace of a sandbox, to look around and to send traffic in. The caller disposes of it. */
export function namespaceOf(sandbox: Sandbox): NetNamespace {
  return NetNamespace.open(sandbox.netnsPath);
}

/** Our tables and rules stay when a controller closes, and forwarding stays on: they are no leak, their elements are. */
function remains(state: readonly string[]): readonly string[] {
  return state.filter((line) => !/^(nft|sysctl) /.test(line));
}

/** All but the mark of whose the directory is, which stays. */
function files(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(
      (entry) => !entry.isDirectory() && join(entry.parentPath, entry.name) !== join(directory, "owner"),
    )
    .map((entry) => `file ${join(entry.parentPath, entry.name)}`)
    .sort();
}

function storedRecords(stateDir: string): string[] {
  using database = new DatabaseSync(join(stateDir, "causeway.db"), { readOnly: true });
  return database
    .prepare("SELECT kind, id, value FROM records ORDER BY kind, id")
    .all()
    .map(({ kind, id, value }) => `record ${kind} ${id} ${value}`);
}

/** Deletes everything that users made. */
async function clear(controller: NetworkController): Promise<void> {
  for (const { id } of controller.sandboxes()) {
    await controller.sandboxById(id)?.delete({ endpoints: "delete" });
  }
  for (const network of controller.networks()) {
    if (network.gatewayBridge) continue;
    for (const endpoint of network.endpoints()) await endpoint.delete({ force: true });
    for (const service of network.services()) await service.delete();
  }
  const networks = controller.networks().filter(({ predefined }) => !predefined);
  // Those that hold options go after those that were made from them.
  for (const network of networks.filter(({ configOnly }) => !configOnly)) await network.delete();
  for (const network of networks.filter(({ configOnly }) => configOnly)) await network.delete();
}
