/**
 * The controller's side of the resolver: hands what changes to the thread, which starts with the first sandbox.
 *
 * What is told is remembered: where the thread breaks down, another begins with it.
 */
import { once } from "node:events";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { type NetNamespace, type OwnedFd, openEventFd, raiseEvent } from "@causeway/kernel";
import type {
  NetworkRecordOf,
  Resolver,
  ResolverCounts,
  SandboxNames,
  Trace,
} from "../../contracts/names.ts";
import { messageOf, unavailable } from "../../errors.ts";
import { countsIn, countsMemory } from "./counts.ts";
import { PendingTraces } from "./pending-traces.ts";
import {
  type Opened,
  type Order,
  type Report,
  type ResolverSettings,
  shared,
  type Traced,
  type WorkerSetup,
} from "./protocol.ts";

interface Known {
  readonly namespacePath: string;
  readonly owner: string;
  names: SandboxNames | undefined;
  readonly opened: PromiseWithResolvers<void>;
}

/** A thread that ends sooner than this after it began could not begin, milliseconds. */
const soon = 1000;
/** How many in a row are tried. */
const tries = 3;

interface Thread {
  readonly began: number;
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly memory: Int32Array;
}

export class ThreadResolver implements Resolver {
  readonly #host: NetNamespace;
  readonly #settings: ResolverSettings;
  readonly #onFailure: (error: unknown) => void;
  readonly #sandboxes = new Map<string, Known>();
  /** Ids of those that somebody waits for: until then the process goes on. */
  readonly #opening = new Set<string>();
  /** The same holds for these. */
  readonly #traces = new PendingTraces();
  readonly #records = new Map<string, readonly NetworkRecordOf[]>();
  readonly #wake: OwnedFd;
  readonly #counts = countsMemory();
  #thread: Thread | undefined;
  /** Threads in a row that could not begin. */
  #failures = 0;
  #closed = false;

  /**
   * Costs nothing until there is a sandbox.
   *
   * @param host from which the host's name servers are asked; it may be disposed of afterwards
   * @param onFailure is told that the thread broke down, and another was started
   */
  constructor(host: NetNamespace, settings: ResolverSettings, onFailure: (error: unknown) => void) {
    this.#host = host.duplicate();
    this.#wake = openEventFd();
    this.#settings = settings;
    this.#onFailure = onFailure;
  }

  async open(sandboxId: string, namespacePath: string, owner: string): Promise<void> {
    const known: Known = { namespacePath, owner, names: undefined, opened: Promise.withResolvers() };
    // Whoever opens need not wait for it.
    known.opened.promise.catch(() => undefined);
    this.#sandboxes.set(sandboxId, known);
    this.#opening.add(sandboxId);
    this.#send({ kind: "open", sandboxId, namespacePath, owner });
    return known.opened.promise;
  }

  tell(names: SandboxNames): void {
    const known = this.#sandboxes.get(names.sandboxId);
    if (known === undefined) return;
    known.names = names;
    this.#send({ kind: "tell", names });
  }

  close(sandboxId: string): void {
    const known = this.#sandboxes.get(sandboxId);
    if (known === undefined) return;
    this.#sandboxes.delete(sandboxId);
    this.#traces.giveUp(gone(), sandboxId);
    this.#settled(sandboxId);
    known.opened.reject(gone());
    this.#send({ kind: "close", sandboxId });
  }

  trace(sandboxId: string, name: string, type: string): Promise<Trace> {
    if (!this.#sandboxes.has(sandboxId)) return Promise.reject(gone());
    return this.#traces.add(sandboxId, (number) =>
      this.#send({ kind: "trace", number, sandboxId, name, type }),
    );
  }

  get counts(): ResolverCounts {
    return countsIn(this.#counts);
  }

  tellRecords(networkId: string, records: readonly NetworkRecordOf[]): void {
    if (records.length === 0) this.#records.delete(networkId);
    else this.#records.set(networkId, records);
    // The thread learns of them when it starts.
    if (this.#thread !== undefined) this.#send({ kind: "records", networkId, records });
  }

  /** Ends the thread; sandboxes are not answered any more. */
  async end(): Promise<void> {
    this.#closed = true;
    for (const { opened } of this.#sandboxes.values()) opened.reject(gone());
    this.#traces.giveUp(gone());
    const thread = this.#thread;
    if (thread !== undefined) {
      this.#thread = undefined;
      thread.worker.ref();
      const ended = once(thread.worker, "exit");
      this.#post(thread, { kind: "end" });
      await ended;
    }
    this.#wake[Symbol.dispose]();
    this.#host[Symbol.dispose]();
  }

  #send(order: Order): void {
    if (this.#closed) return;
    if (this.#thread !== undefined) this.#post(this.#thread, order);
    else this.#start();
  }

  #post({ port, memory }: Thread, order: Order): void {
    port.postMessage(order);
    if (this.#isAwaited) port.ref();
    Atomics.add(memory, shared.sent, 1);
    raiseEvent(this.#wake.fd);
  }

  /** With all that is known. */
  #start(): void {
    const memory = new SharedArrayBuffer(shared.length * Int32Array.BYTES_PER_ELEMENT);
    const { port1, port2 } = new MessageChannel();
    const workerData: WorkerSetup = {
      port: port2,
      memory,
      counts: this.#counts,
      wakeFd: this.#wake.fd,
      hostNamespaceFd: this.#host.fd,
      settings: this.#settings,
    };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData,
      transferList: [port2],
      execArgv: [],
    });
    const thread: Thread = { began: performance.now(), worker, port: port1, memory: new Int32Array(memory) };
    this.#thread = thread;
    port1.on("message", (report: Report) =>
      report.kind === "opened" ? this.#opened(report) : this.#traced(report),
    );
    port1.unref();
    worker.unref();
    // It waits in the kernel, where nothing else reaches it.
    const leave = () => this.#leave(thread);
    process.once("exit", leave);
    worker.once("exit", () => process.removeListener("exit", leave));
    worker.on("error", (error) => this.#brokeDown(thread, error));
    for (const [networkId, records] of this.#records)
      this.#post(thread, { kind: "records", networkId, records });
    for (const [sandboxId, { namespacePath, owner, names }] of this.#sandboxes) {
      this.#post(thread, { kind: "open", sandboxId, namespacePath, owner });
      if (names !== undefined) this.#post(thread, { kind: "tell", names });
    }
  }

  #leave({ memory }: Thread): void {
    Atomics.store(memory, shared.ending, 1);
    raiseEvent(this.#wake.fd);
  }

  #opened({ sandboxId, failure }: Opened): void {
    this.#settled(sandboxId);
    const opened = this.#sandboxes.get(sandboxId)?.opened;
    if (failure === undefined) opened?.resolve();
    else opened?.reject(failed(failure));
  }

  #settled(sandboxId: string): void {
    this.#opening.delete(sandboxId);
    this.#release();
  }

  #traced(report: Traced): void {
    this.#traces.settle(report);
    this.#release();
  }

  get #isAwaited(): boolean {
    return this.#opening.size > 0 || this.#traces.size > 0;
  }

  /** Where nobody waits any more, the process may end. */
  #release(): void {
    if (!this.#isAwaited) this.#thread?.port.unref();
  }

  #brokeDown(thread: Thread, error: unknown): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#traces.giveUp(failed(messageOf(error)));
    this.#onFailure(error);
    this.#failures = performance.now() - thread.began < soon ? this.#failures + 1 : 0;
    if (this.#closed) return;
    // The next sandbox tries again.
    if (this.#failures % tries === 0 && this.#failures > 0) this.#giveUp(messageOf(error));
    else if (this.#sandboxes.size > 0) this.#start();
  }

  #giveUp(why: string): void {
    this.#opening.clear();
    for (const { opened } of this.#sandboxes.values()) opened.reject(failed(why));
  }
}

function failed(why: string): Error {
  return unavailable("resolver_failed", `no names can be answered in the sandbox: ${why}`);
}

function gone(): Error {
  return unavailable("resolver_failed", "the sandbox, or the controller, was closed meanwhile");
}
