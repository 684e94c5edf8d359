/**
 * The containers of a controller: those that we start, and sandboxes whose process somebody else starts.
 */
import { files } from "@causeway/kernel";
import { conflict, type NetworkController, notFound, unavailable } from "@causeway/libnetwork";
import type { Logger } from "pino";
import type { Adoption, ContainerCreate, ContainerExec, ContainerNetwork, Launch } from "../api/index.ts";
import type { Journal } from "../events/journal.ts";
import type { Caller } from "../server/caller.ts";
import { adoptContainer } from "./adoption.ts";
import type { ContainerInfo, Containers, LogOptions } from "./contract.ts";
import { type EndingParts, tell } from "./ending.ts";
import { Lives } from "./life.ts";
import { foreignContainer } from "./live.ts";
import { readLog } from "./log.ts";
import { Places } from "./places.ts";
import { planContainer } from "./plan.ts";
import { portsFor, publishElsewhere } from "./ports.ts";
import { ContainerRecords } from "./record.ts";
import { Registry } from "./registry.ts";
import { checkCommand } from "./request.ts";
import { Runtime, signalName } from "./runtime.ts";
import { makeSandbox, networkOf } from "./sandboxes.ts";
import { prepareStart, startFailure } from "./start.ts";

/** Until SIGKILL, seconds: Docker's. */
const usualSeconds = 10;

export interface ContainersOptions {
  readonly stateDir: string;
  readonly runDir: string;
  readonly runtime: string;
}

export class RuntimeContainers implements Containers {
  readonly #parts: EndingParts;
  readonly #registry: Registry;
  readonly #lives: Lives;
  readonly #runtime: Runtime;
  readonly #log: Logger;
  readonly #releasing = new AbortController();

  private constructor(parts: EndingParts, registry: Registry, runtime: Runtime, log: Logger) {
    this.#parts = parts;
    this.#registry = registry;
    this.#runtime = runtime;
    this.#log = log;
    this.#lives = new Lives(parts, registry, runtime, log);
  }

  /** Takes up what is there. */
  static async open(
    controller: NetworkController,
    journal: Journal,
    log: Logger,
    { stateDir, runDir, runtime }: ContainersOptions,
  ): Promise<RuntimeContainers> {
    const places = new Places(stateDir, runDir);
    for (const directory of [places.bundles, places.marks])
      files.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const records = new ContainerRecords(places);
    const registry = new Registry(controller);
    const parts = { controller, places, records, journal };
    const containers = new RuntimeContainers(parts, registry, new Runtime(runtime, places), log);
    const unreadable = new Set<string>();
    const loaded = records.load(
      (path, id) => {
        unreadable.add(id);
        const mend =
          "put it right and start the daemon again, or take it away, and what is of the container goes";
        log.error({ path }, `${path} is no record of a container: ${mend}`);
      },
      (path, err) => log.error({ path, err }, `${path} belongs to no container, and cannot be taken away`),
    );
    for (const record of loaded) registry.add(record);
    await containers.#lives.takeUp(unreadable);
    return containers;
  }

  list(): readonly ContainerInfo[] {
    return this.#registry.list();
  }

  find(reference: string): ContainerInfo | undefined {
    return this.#registry.find(reference);
  }

  get(reference: string): ContainerInfo {
    return this.#registry.get(reference);
  }

  async create(
    request: ContainerCreate,
    caller: Caller,
  ): Promise<{ container: ContainerInfo; launch: Launch | undefined }> {
    // Nothing is waited for between the two: the name that is free in the plan is still free when it is taken.
    const plan = planContainer(this.#registry, request, caller);
    const container = this.#registry.add(plan.record);
    const launch = await this.#lives.exclusively(plan.record.id, async () => {
      try {
        this.#parts.records.write(container.record);
        const sandbox = await makeSandbox(this.#parts.controller, plan.sandbox);
        const prepared = prepareStart(this.#parts.places, this.#runtime, plan, sandbox);
        tell(this.#parts.journal, "container:create", container);
        if (request.detached === true) this.#lives.startDetached(container, prepared);
        else this.#lives.giveUpLater(container);
        return prepared;
      } catch (error) {
        await this.#lives.undo(container);
        throw error;
      }
    });
    if (request.detached !== true) return { container: this.#registry.infoOf(container), launch };
    if (!(await container.began.promise))
      throw startFailure(await container.finished.promise, container.failure);
    return { container: this.#registry.infoOf(container), launch: undefined };
  }

  connect(reference: string, { network, ...options }: ContainerNetwork): Promise<void> {
    const { id, name } = this.get(reference);
    return this.#lives.exclusively(id, async () => {
      const sandbox = this.#registry.sandboxOf(reference);
      const wanted = networkOf(this.#parts.controller, network);
      const publish = [...(options.publish ?? []), ...portsFor(wanted, sandbox)];
      await wanted.connect(sandbox, name, { ...options, publish });
    });
  }

  async disconnect(
    reference: string,
    network: string,
    { force = false }: { force?: boolean } = {},
  ): Promise<void> {
    if (force && this.find(reference) === undefined) return this.#letGo(reference, network);
    const { id, name } = this.get(reference);
    await this.#lives.exclusively(id, async () => {
      const wanted = networkOf(this.#parts.controller, network);
      const sandbox = this.#registry.sandboxOf(reference);
      const endpoint = sandbox.endpoints().find((joined) => joined.network.id === wanted.id);
      if (endpoint === undefined)
        throw notFound("not_connected", `container ${name} is not connected to network ${wanted.name}`);
      await endpoint.delete({ force: true });
      await publishElsewhere(sandbox, this.#log);
    });
  }

  /** The endpoint of a container that is gone. */
  async #letGo(name: string, network: string): Promise<void> {
    const wanted = networkOf(this.#parts.controller, network);
    const endpoint = wanted.endpointByName(name);
    if (endpoint === undefined)
      throw notFound("endpoint_not_found", `network ${wanted.name} has no endpoint "${name}"`, name);
    await endpoint.delete({ force: true });
  }

  exec(reference: string, request: ContainerExec): Launch {
    checkCommand(request);
    const container = this.#registry.ours(reference, "exec");
    if (container.pid === undefined || container.ended)
      throw conflict("container_not_running", `container ${container.record.name} is not running`);
    return { ...this.#runtime.execLaunch(container, request), directory: "/" };
  }

  logs(reference: string, { tail, follow, signal }: LogOptions): AsyncIterable<Buffer> {
    const { record, end } = this.#registry.ours(reference, "logs");
    const { id, name, detached } = record;
    if (!detached)
      throw conflict(
        "container_without_log",
        `container ${name} wrote to its own terminal: only those of -d have a log`,
      );
    return readLog(this.#parts.places.kept, `${id}.log`, {
      signal: this.#untilReleased(signal),
      ...(tail !== undefined && { tail }),
      ...(follow === true && { ended: end }),
    });
  }

  adopt(containerId: string, adoption: Adoption): Promise<ContainerInfo> {
    return this.#lives.exclusively(containerId, async () => {
      if (this.#registry.isOwn(containerId))
        throw conflict(
          "container_name_in_use",
          `there is a container "${containerId}" already: choose another id`,
        );
      return foreignContainer(await adoptContainer(this.#parts.controller, containerId, adoption));
    });
  }

  abandon(containerId: string): Promise<void> {
    return this.#lives.exclusively(containerId, async () => {
      if (this.#registry.ownById(containerId) !== undefined) return;
      await this.#parts.controller.sandboxByContainerId(containerId)?.delete({ endpoints: "delete" });
    });
  }

  async stop(reference: string, options: { signal?: string; seconds?: number } = {}): Promise<void> {
    const { signal = "SIGTERM", seconds = usualSeconds } = options;
    await this.#lives.end(this.#registry.ours(reference, "stop"), signalName(signal), seconds);
  }

  async remove(reference: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    const info = this.get(reference);
    if (info.kind === "foreign") {
      await info.sandbox?.delete({ endpoints: "delete" });
      return;
    }
    const container = this.#registry.ours(reference, "rm");
    const { id, name } = container.record;
    if (!container.ended) {
      const mend = "stop it first, or remove it with --force";
      if (!force && container.pid !== undefined)
        throw conflict("container_running", `container ${name} is running: ${mend}`, id);
      await this.#lives.end(container, "SIGKILL", 0);
    }
    await this.#lives.exclusively(id, () => {
      if (!this.#registry.remove(container)) return;
      this.#parts.records.remove(id);
      tell(this.#parts.journal, "container:destroy", container);
    });
  }

  wait(reference: string, signal?: AbortSignal): Promise<number> {
    const container = this.#registry.ours(reference, "wait");
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = this.#untilReleased(signal);
    const stopped = () =>
      reject(unavailable("daemon_closing", "the daemon is ending: ask again when it is back"));
    if (stop.aborted) stopped();
    stop.addEventListener("abort", stopped, { once: true });
    return Promise.race([container.finished.promise, promise]).finally(() =>
      stop.removeEventListener("abort", stopped),
    );
  }

  /** Aborts with the caller's, and when the daemon ends. */
  #untilReleased(signal: AbortSignal | undefined): AbortSignal {
    return AbortSignal.any(
      signal === undefined ? [this.#releasing.signal] : [this.#releasing.signal, signal],
    );
  }

  release(): void {
    this.#releasing.abort();
  }

  async close(): Promise<void> {
    this.release();
    await this.#lives.close();
  }
}
