/**
 * The containers of a controller: those that we start, and sandboxes whose process somebody else starts.
 */
import { DirectoryWatch, files } from "@causeway/kernel";
import {
  conflict,
  invalid,
  KeyedMutex,
  messageOf,
  type NetworkController,
  newId,
  notFound,
  type Sandbox,
  unavailable,
} from "@causeway/libnetwork";
import type { Logger } from "pino";
import type { Adoption, ContainerCreate, ContainerExec, ContainerNetwork, Launch } from "../api/index.ts";
import type { Journal } from "../events/journal.ts";
import type { Caller } from "../server/caller.ts";
import { adoptContainer } from "./adoption.ts";
import { type ContainerInfo, type Containers, containerNameLabel, type LogOptions } from "./contract.ts";
import { type EndingParts, endContainer, removeRunFiles, tell } from "./ending.ts";
import { livingKeeper, withdrawLaunch } from "./keeper.ts";
import { foreignContainer, LiveContainer } from "./live.ts";
import { readLog } from "./log.ts";
import { checkedContainerName, madeUpName } from "./names.ts";
import { readBundle } from "./oci/bundle.ts";
import { Places } from "./places.ts";
import { type ContainerRecord, ContainerRecords } from "./record.ts";
import { checkRequest, wishOf } from "./request.ts";
import { Runtime, signalName } from "./runtime.ts";
import { connect, containerLabel, makeSandbox, networkOf } from "./sandboxes.ts";
import { prepareStart, startFailure, startKeeper } from "./start.ts";
import { readStart, sweepStrays, takeUp } from "./take-up.ts";

/** A client has this long from the answer to its start of what it was told, milliseconds. One that died has not begun by then. */
const patienceWithClients = 30_000;
/** Until SIGKILL, seconds: Docker's. */
const usualSeconds = 10;

export interface ContainersOptions {
  readonly stateDir: string;
  readonly runDir: string;
  readonly runtime: string;
}

export class RuntimeContainers implements Containers {
  readonly #parts: EndingParts;
  readonly #runtime: Runtime;
  readonly #log: Logger;
  readonly #live = new Map<string, LiveContainer>();
  readonly #mutex = new KeyedMutex();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #releasing = new AbortController();
  readonly #watch: DirectoryWatch;

  private constructor(parts: EndingParts, runtime: Runtime, log: Logger) {
    this.#parts = parts;
    this.#runtime = runtime;
    this.#log = log;
    this.#watch = new DirectoryWatch(parts.places.marks, (name) => this.#told(name), "come");
  }

  /** Takes up what is there; see take-up.ts. */
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
    const parts = { controller, places, records, journal };
    const containers = new RuntimeContainers(parts, new Runtime(runtime, places), log);
    const loaded = records.load((path) =>
      log.error({ path }, `${path} is no record of a container: look at it`),
    );
    for (const record of loaded) containers.#live.set(record.id, new LiveContainer(record));
    for (const container of containers.#live.values()) {
      const { id } = container.record;
      await containers.#exclusively(id, async () => {
        if (container.ended && container.record.end === undefined) return;
        const standing = await takeUp(parts, containers.#runtime, container);
        if (standing === "gone") containers.#live.delete(id);
        if (standing === "waits") containers.#giveUpLater(container);
        if (standing === "runs" && container.pid !== undefined) container.began.resolve(true);
      });
    }
    await sweepStrays(parts, (id) => containers.#live.has(id));
    return containers;
  }

  list(): readonly ContainerInfo[] {
    const bySandbox = new Map(
      this.#parts.controller.sandboxes().map((sandbox) => [sandbox.containerId, sandbox]),
    );
    const own = [...this.#live.values()].map((container) =>
      container.info(bySandbox.get(container.record.id)),
    );
    const foreign = [...bySandbox.values()].filter(({ containerId }) => !this.#live.has(containerId));
    return [...own, ...foreign.map(foreignContainer)];
  }

  find(reference: string): ContainerInfo | undefined {
    const own = this.#findOwn(reference);
    if (own !== undefined) return this.#infoOf(own);
    const sandbox = this.#parts.controller.findSandbox(reference);
    if (sandbox === undefined) return undefined;
    const ours = this.#live.get(sandbox.containerId);
    return ours === undefined ? foreignContainer(sandbox) : ours.info(sandbox);
  }

  get(reference: string): ContainerInfo {
    const found = this.find(reference);
    if (found !== undefined) return found;
    throw notFound("container_not_found", `No such container: ${reference}`, reference);
  }

  async create(
    request: ContainerCreate,
    caller: Caller,
  ): Promise<{ container: ContainerInfo; launch: Launch | undefined }> {
    checkRequest(request, caller);
    const bundle = request.kind === "bundle" ? readBundle(request.path ?? "") : undefined;
    const isTaken = (name: string) => this.list().some((known) => known.name === name);
    const name =
      request.name === undefined ? madeUpName(isTaken) : checkedContainerName(request.name, isTaken);
    const id = newId();
    const shared = request.shareWith === undefined ? undefined : this.#sandboxOf(request.shareWith);
    const isHosts = request.networks?.some(({ network }) => network === "host") === true;
    const hostname =
      shared !== undefined || isHosts || request.kind === "process" ? undefined : id.slice(0, 12);
    const ownCommand = bundle?.config.process?.args ?? [];
    const wish = wishOf(request, hostname ?? shared?.record.options.hostname);
    const command = wish.command.length > 0 ? wish.command : ownCommand;
    const container = new LiveContainer(recordOf(id, name, request, command, wish.hostname));
    // From now on its name is taken.
    this.#live.set(id, container);
    const launch = await this.#exclusively(id, async () => {
      try {
        this.#parts.records.write(container.record);
        const sandbox = await makeSandbox(this.#parts.controller, {
          id,
          name,
          networks: request.networks ?? [],
          publish: request.publish ?? [],
          options: sandboxOptions(request, name, shared, wish.hostname),
        });
        const prepared = prepareStart(this.#parts.places, this.#runtime, {
          id,
          request,
          wish,
          bundle,
          sandbox,
        });
        tell(this.#parts.journal, "container:create", container);
        if (request.detached === true) this.#startDetached(container, prepared);
        else this.#giveUpLater(container);
        return prepared;
      } catch (error) {
        await this.#undo(container);
        throw error;
      }
    });
    if (request.detached !== true) return { container: this.#infoOf(container), launch };
    if (!(await container.began.promise))
      throw startFailure(await container.finished.promise, container.failure);
    return { container: this.#infoOf(container), launch: undefined };
  }

  connect(reference: string, { network, ...options }: ContainerNetwork): Promise<void> {
    const { id, name } = this.get(reference);
    return this.#exclusively(id, () => {
      const sandbox = this.#sandboxOf(reference);
      return connect(sandbox, networkOf(this.#parts.controller, network), name, options);
    });
  }

  async disconnect(
    reference: string,
    network: string,
    { force = false }: { force?: boolean } = {},
  ): Promise<void> {
    if (force && this.find(reference) === undefined) return this.#letGo(reference, network);
    const { id, name } = this.get(reference);
    await this.#exclusively(id, async () => {
      const wanted = networkOf(this.#parts.controller, network);
      const endpoint = this.#sandboxOf(reference)
        .endpoints()
        .find((joined) => joined.network.id === wanted.id);
      if (endpoint === undefined)
        throw notFound("not_connected", `container ${name} is not connected to network ${wanted.name}`);
      await endpoint.delete({ force: true });
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
    const container = this.#own(reference, "exec");
    if (container.pid === undefined || container.ended)
      throw conflict("container_not_running", `container ${container.record.name} is not running`);
    return { command: [...this.#runtime.execCommand(container, request)], directory: "/" };
  }

  logs(reference: string, { tail, follow, signal }: LogOptions): AsyncIterable<Buffer> {
    const { record, end } = this.#own(reference, "logs");
    const { id, name, detached } = record;
    if (!detached)
      throw conflict(
        "container_without_log",
        `container ${name} wrote to its own terminal: only those of -d have a log`,
      );
    const stop = [this.#releasing.signal, ...(signal === undefined ? [] : [signal])];
    return readLog(this.#parts.places.kept, `${id}.log`, {
      signal: AbortSignal.any(stop),
      ...(tail !== undefined && { tail }),
      ...(follow === true && { ended: end }),
    });
  }

  adopt(containerId: string, adoption: Adoption): Promise<ContainerInfo> {
    return this.#exclusively(containerId, async () => {
      if (this.#live.has(containerId) || this.#isOwnName(containerId))
        throw conflict(
          "container_name_in_use",
          `there is a container "${containerId}" already: choose another id`,
        );
      return foreignContainer(await adoptContainer(this.#parts.controller, containerId, adoption));
    });
  }

  abandon(containerId: string): Promise<void> {
    return this.#exclusively(containerId, async () => {
      if (this.#live.has(containerId)) return;
      await this.#parts.controller.sandboxByContainerId(containerId)?.delete({ endpoints: "delete" });
    });
  }

  async stop(reference: string, options: { signal?: string; seconds?: number } = {}): Promise<void> {
    const { signal = "SIGTERM", seconds = usualSeconds } = options;
    await this.#end(this.#own(reference, "stop"), signalName(signal), seconds);
  }

  async remove(reference: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    const info = this.get(reference);
    if (info.kind === "foreign") {
      await info.sandbox?.delete({ endpoints: "delete" });
      return;
    }
    const container = this.#own(reference, "rm");
    const { id, name } = container.record;
    if (!container.ended) {
      const mend = "stop it first, or remove it with --force";
      if (!force && container.pid !== undefined)
        throw conflict("container_running", `container ${name} is running: ${mend}`, id);
      await this.#end(container, "SIGKILL", 0);
    }
    await this.#exclusively(id, () => {
      if (!this.#live.delete(id)) return;
      this.#parts.records.remove(id);
      tell(this.#parts.journal, "container:destroy", container);
    });
  }

  wait(reference: string, signal?: AbortSignal): Promise<number> {
    const container = this.#own(reference, "wait");
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = AbortSignal.any([this.#releasing.signal, ...(signal === undefined ? [] : [signal])]);
    const stopped = () =>
      reject(unavailable("daemon_closing", "the daemon is ending: ask again when it is back"));
    if (stop.aborted) stopped();
    stop.addEventListener("abort", stopped, { once: true });
    return Promise.race([container.finished.promise, promise]).finally(() =>
      stop.removeEventListener("abort", stopped),
    );
  }

  release(): void {
    this.#releasing.abort();
  }

  async close(): Promise<void> {
    this.release();
    this.#watch[Symbol.dispose]();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#mutex.idle();
  }

  #startDetached(container: LiveContainer, launch: Launch): void {
    startKeeper(launch, this.#parts.places.log(container.record.id), (error) => {
      container.failure = messageOf(error);
      this.#giveUp(container);
    });
  }

  /** Signals it, and again with SIGKILL when the time is up; resolves when it has ended. */
  async #end(container: LiveContainer, signal: string, seconds: number): Promise<void> {
    if (container.ended) return void (await container.finished.promise);
    const { id } = container.record;
    if (container.pid === undefined && withdrawLaunch(this.#parts.places, id)) return this.#finish(container);
    // Somebody has begun to start it: its process is told as soon as there is one.
    await Promise.race([container.began.promise, container.finished.promise]);
    if (livingKeeper(this.#parts.places, id) === undefined && !this.#hasExitMark(id)) {
      await this.#runtime.delete(container);
      return this.#finish(container);
    }
    await this.#runtime.kill(container, signal);
    const timer = setTimeout(() => void this.#runtime.kill(container, "SIGKILL"), seconds * 1000);
    this.#timers.add(timer);
    await container.finished.promise;
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  #hasExitMark(id: string): boolean {
    return files.existsSync(this.#parts.places.mark(id, "exit"));
  }

  #giveUpLater(container: LiveContainer): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#giveUp(container);
    }, patienceWithClients);
    timer.unref();
    this.#timers.add(timer);
    container.began.promise.finally(() => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    });
  }

  /** Unless somebody has begun to start it. */
  #giveUp(container: LiveContainer): void {
    if (container.ended || !withdrawLaunch(this.#parts.places, container.record.id)) return;
    void this.#finish(container);
  }

  /** @param name a mark that came; undefined where the kernel could not keep up */
  #told(name: string | undefined): void {
    if (name === undefined) {
      for (const container of this.#live.values()) this.#look(container);
      return;
    }
    const container = this.#live.get(name.slice(0, 64));
    if (container !== undefined) this.#look(container);
  }

  #look(container: LiveContainer): void {
    if (container.ended) return;
    if (container.pid === undefined && readStart(this.#parts.places, container)) {
      tell(this.#parts.journal, "container:start", container, { pid: String(container.pid) });
      container.began.resolve(true);
    }
    if (this.#hasExitMark(container.record.id)) void this.#finish(container);
  }

  /** What cannot be taken away now is, by the next start. */
  async #finish(container: LiveContainer): Promise<void> {
    const { id } = container.record;
    await this.#exclusively(id, async () => {
      if (container.ended) return;
      try {
        if (await endContainer(this.#parts, container)) this.#live.delete(id);
      } catch (error) {
        this.#log.error(
          { container: id, err: error },
          `what is left of container ${id} stays until the next start`,
        );
        container.began.resolve(false);
        container.finish(container.record.end?.exitCode ?? 255);
      }
    });
  }

  /** Nothing of a container whose making failed is left. */
  async #undo(container: LiveContainer): Promise<void> {
    const { id } = container.record;
    container.ended = true;
    try {
      await this.#parts.controller.sandboxByContainerId(id)?.delete({ endpoints: "delete" });
      removeRunFiles(this.#parts.places, id);
      this.#parts.records.remove(id);
    } catch (error) {
      this.#log.error(
        { container: id, err: error },
        `what is left of container ${id} stays until the next start`,
      );
    } finally {
      this.#live.delete(id);
      container.began.resolve(false);
      container.finish(125);
    }
  }

  #exclusively<T>(id: string, action: () => T | Promise<T>): Promise<T> {
    return this.#mutex.run([id], action);
  }

  #isOwnName(name: string): boolean {
    return [...this.#live.values()].some(({ record }) => record.name === name);
  }

  #infoOf(container: LiveContainer): ContainerInfo {
    return container.info(this.#parts.controller.sandboxByContainerId(container.record.id));
  }

  /** @throws container_not_running where it is in no network any more */
  #sandboxOf(reference: string): Sandbox {
    const { sandbox, name } = this.get(reference);
    if (sandbox !== undefined) return sandbox;
    throw conflict("container_not_running", `container ${name} has ended, and is in no network any more`);
  }

  /** @throws container_not_found, container_foreign */
  #own(reference: string, verb: string): LiveContainer {
    const { kind, id, name } = this.get(reference);
    const container = this.#live.get(id);
    if (container !== undefined) return container;
    const who = kind === "foreign" ? "somebody else started its process" : "it is gone";
    throw conflict("container_foreign", `${verb}: container ${name} is not ours to deal with: ${who}`, id);
  }

  #findOwn(reference: string): LiveContainer | undefined {
    if (reference === "") return undefined;
    const whole = this.#live.get(reference);
    if (whole !== undefined) return whole;
    const all = [...this.#live.values()];
    const named = all.find(({ record }) => record.name === reference);
    if (named !== undefined || !/^[0-9a-f]{1,63}$/.test(reference)) return named;
    const begun = all.filter(({ record }) => record.id.startsWith(reference));
    if (begun.length < 2) return begun[0];
    const ids = begun.map(({ record }) => record.id);
    const message = `"${reference}" is the beginning of ${ids.length} containers' ids: give more of it`;
    throw invalid("ambiguous_id", message, ids);
  }
}

function recordOf(
  id: string,
  name: string,
  request: ContainerCreate,
  command: readonly string[],
  hostname: string | undefined,
): ContainerRecord {
  const { kind, path, labels = {} } = request;
  return {
    version: 1,
    id,
    name,
    kind,
    ...(path !== undefined && { path }),
    command,
    created: Date.now(),
    detached: request.detached === true,
    terminal: request.terminal === true,
    removeWhenEnded: request.removeWhenEnded === true,
    ...(hostname !== undefined && { hostname }),
    labels,
  };
}

function sandboxOptions(
  request: ContainerCreate,
  name: string,
  shared: Sandbox | undefined,
  hostname: string | undefined,
) {
  const { kind, domainname, extraHosts, dns, dnsSearch, dnsOptions } = request;
  const labels = { [containerLabel]: kind, [containerNameLabel]: name };
  if (shared !== undefined) return { labels, shareWith: shared.id };
  return {
    labels,
    ...(hostname !== undefined && { hostname }),
    ...(domainname !== undefined && { domainname }),
    ...(extraHosts !== undefined && { extraHosts }),
    ...(dns !== undefined && { dns }),
    ...(dnsSearch !== undefined && { dnsSearch }),
    ...(dnsOptions !== undefined && { dnsOptions }),
  };
}
