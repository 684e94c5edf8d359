// A host of the cluster, as a test holds it: its namespace and directory, and the process that is told what to do.

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import { mountsBelow } from "../support/leak-check.ts";
import type { Underlay } from "../support/underlay.ts";
import type { Attaching, HostOrder, HostSettings, SeenEndpoint, Sight } from "./orders.ts";
import { ToldProcess } from "./told-process.ts";

export class FaultyHost {
  readonly number: number;
  readonly address: string;
  readonly namespace = NetNamespace.create();
  readonly directory = mkdtempSync("/dev/shm/causeway-faults-");
  readonly #settings: HostSettings;
  #process: ToldProcess<HostOrder> | undefined;

  constructor(underlay: Underlay, settings: Omit<HostSettings, "directory">) {
    this.number = settings.number;
    this.address = `192.0.2.${settings.number}`;
    this.#settings = { ...settings, directory: this.directory };
    using rtnl = new Rtnl(this.namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    underlay.connect(this.namespace, settings.number);
  }

  get stateDir(): string {
    return join(this.directory, "state");
  }

  get runDir(): string {
    return join(this.directory, "run");
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** @param original a host of which it has a copy of the state, and not what is in its kernel */
  async start(original?: FaultyHost): Promise<void> {
    const file = join(import.meta.dirname, "host-process.ts");
    const hidden = original?.directory;
    this.#process = await ToldProcess.start(this.namespace, file, this.#settings, hidden);
  }

  /** As the host's daemon ends when it is asked to. */
  async stop(): Promise<void> {
    await this.#tell({ do: "close" });
    await this.kill();
  }

  /** As a crash does: what the kernel has stays. */
  async kill(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  /** It does nothing from now on, and does not know. */
  suspend(): void {
    this.#process?.signal("SIGSTOP");
  }

  resume(): void {
    this.#process?.signal("SIGCONT");
  }

  async makeNetwork(name: string, subnet?: string): Promise<string> {
    return (await this.#tell({ do: "make network", name, ...(subnet && { subnet }) })) as string;
  }

  async deleteNetwork(name: string): Promise<void> {
    await this.#tell({ do: "delete network", name });
  }

  async attach(
    network: string,
    container: string,
    wishes: Omit<Attaching, "network" | "container"> = {},
  ): Promise<SeenEndpoint> {
    return (await this.#tell({ do: "attach", network, container, ...wishes })) as SeenEndpoint;
  }

  async detach(container: string): Promise<void> {
    await this.#tell({ do: "detach", container });
  }

  async workAlone(): Promise<void> {
    await this.#tell({ do: "work alone" });
  }

  async look(): Promise<Sight> {
    return (await this.#tell({ do: "look" })) as Sight;
  }

  async setClock(by: number): Promise<void> {
    await this.#tell({ do: "set clock", by });
  }

  async resolve(container: string, name: string): Promise<readonly string[]> {
    return (await this.#tell({ do: "resolve", container, name })) as readonly string[];
  }

  async end(): Promise<void> {
    await this.kill();
    for (const path of mountsBelow(this.directory)) unbindNamespace(path);
    rmSync(this.directory, { recursive: true });
    this.namespace[Symbol.dispose]();
  }

  #tell(order: HostOrder): Promise<unknown> {
    if (this.#process === undefined) throw new Error(`host${this.number} does not run`);
    return this.#process.tell(order);
  }
}
