/**
 * Deletions that do not hold up the caller nor, for more than a few milliseconds, anybody else on the machine: links,
 * namespaces and tracked connections are handed to a worker thread, which does away with them a few at a time. Where no thread can
 * be had (no process id, descriptor or memory is left for one), the caller's does it, and holds up the caller.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type ConntrackFilter, normalise } from "../conntrack/filter.ts";
import type { LinkSelector } from "../rtnl/link.ts";
import { KernelError } from "../sys/errors.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { endOfWork, type Job, type Order, type Outcome, type Remains, type WorkerSetup } from "./protocol.ts";
import { ReaperWork } from "./work.ts";

/** A job that was handed over and has not been answered. */
interface Waiting extends PromiseWithResolvers<void> {
  readonly job: Job;
}

/** Milliseconds until a thread is tried again. */
const threadlessTime = 1000;

export interface ReaperOptions {
  /** Is told what went wrong where nobody waits. Default: a warning of the process. */
  readonly onFailure?: (error: unknown) => void;
}

export class Reaper implements AsyncDisposable {
  readonly #namespace: NetNamespace;
  /** By the jobs' ids. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #onFailure: (error: unknown) => void;
  #worker: Worker | undefined;
  /** The same work on the caller's thread, where there is no other. */
  readonly #ownWork: ReaperWork;
  /** Until then no thread is started: the last one could not be. */
  #threadlessUntil = 0;
  #lastId = 0;
  #closed = false;

  /**
   * Costs nothing until there is work: the thread starts with the first job, and keeps the process alive only while jobs wait.
   *
   * @param namespace whose links are deleted; it may be disposed of afterwards
   */
  constructor(namespace: NetNamespace, options: ReaperOptions = {}) {
    this.#namespace = namespace.duplicate();
    this.#onFailure = options.onFailure ?? warn;
    this.#ownWork = new ReaperWork(this.#namespace, (outcomes) => this.#settle(outcomes));
  }

  /**
   * Deletes a link; one that is missing (its namespace, or its peer's, was released first) counts as deleted.
   * An index is safer than a name, which another link may bear by the time that its turn comes.
   *
   * @param inside path of the namespace that the link is in; default: the reaper's own. With the namespace the link has gone
   * @throws KernelError where the kernel refuses, such as EOPNOTSUPP for a loopback
   */
  deleteLink(link: LinkSelector, inside?: string): Promise<void> {
    return this.#reap(inside === undefined ? { link } : { link, inside });
  }

  /**
   * Lets go of a namespace that a bind mount keeps and removes the file; a missing one counts as released. Links in it
   * go some milliseconds later, and stay as long as a process lives in it.
   */
  releaseNamespace(namespacePath: string): Promise<void> {
    return this.#reap({ namespacePath });
  }

  /**
   * Makes connection tracking forget the connections that any of the filters means, as Conntrack.deleteMatching() does,
   * which would hold up the caller for 12 ms and more. What several callers ask for shares a pass over the table.
   *
   * @param inside path of the namespace that tracks them; default: the reaper's own. With the namespace they have gone
   * @throws TypeError for a filter that asks for nothing
   */
  async forgetConnections(connections: readonly ConntrackFilter[], inside?: string): Promise<void> {
    for (const filter of connections) normalise(filter);
    await this.#reap(inside === undefined ? { connections } : { connections, inside });
  }

  /**
   * Hands over work that nobody waits for: `reaper.later(reaper.deleteLink({ index }))`. What goes wrong is told to
   * `onFailure`.
   */
  later(work: Promise<void>): void {
    work.catch(this.#onFailure);
  }

  /** How many jobs have been handed over and are not done. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits until everything that was handed over is done, failed jobs too: their errors go to who handed them over. */
  async drain(): Promise<void> {
    while (this.#waiting.size > 0) {
      await Promise.allSettled([...this.#waiting.values()].map(({ promise }) => promise));
    }
  }

  /** Waits until what has been handed over by now is done, failed jobs too. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#waiting.values()].map(({ promise }) => promise));
  }

  /** Finishes what was handed over, then ends the thread. Nothing can be handed over any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.drain();
    await this.#end();
    this.#ownWork[Symbol.dispose]();
    this.#namespace[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #reap(remains: Remains): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("this reaper was closed"));
    const job = { id: ++this.#lastId, ...remains };
    const waiting = { job, ...Promise.withResolvers<void>() };
    this.#waiting.set(job.id, waiting);
    this.#assign(job);
    return waiting.promise;
  }

  #assign(job: Job): void {
    if (this.#worker === undefined && performance.now() >= this.#threadlessUntil) this.#start();
    if (this.#worker === undefined) this.#doHere(job);
    this.#worker?.ref();
    this.#worker?.postMessage(job satisfies Order);
  }

  /** What no thread can be had for is done here. */
  #doHere(job: Job): void {
    this.#ownWork.add(job).then(
      () => this.#ownWork[Symbol.dispose](),
      (cause) => this.#giveUp(job, cause),
    );
  }

  #giveUp({ id }: Job, cause: unknown): void {
    this.#waiting.get(id)?.reject(new Error("the reaper broke down", { cause }));
    this.#waiting.delete(id);
  }

  #settle(outcomes: readonly Outcome[]): void {
    for (const { id, failure } of outcomes) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) waiting?.resolve();
      else waiting?.reject(new KernelError(failure));
    }
  }

  #start(): void {
    const workerData: WorkerSetup = { namespaceFd: this.#namespace.fd };
    let worker: Worker;
    try {
      // No execArgv: a loader, a debugger or `--eval` of the process's own is not meant for this thread.
      worker = new Worker(new URL("./worker.ts", import.meta.url), {
        name: "causeway reaper",
        workerData,
        execArgv: [],
      });
    } catch {
      // EAGAIN, of which Node.js says no more than ERR_WORKER_INIT_FAILED.
      this.#threadlessUntil = performance.now() + threadlessTime;
      return;
    }
    this.#worker = worker;
    worker.on("message", (outcomes: readonly Outcome[]) => {
      this.#settle(outcomes);
      // Not while it is being ended: that has to be waited for.
      if (this.#waiting.size === 0 && this.#worker === worker) worker.unref();
    });
    worker.on("error", () => this.#abandon());
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    worker.ref();
    worker.postMessage(endOfWork satisfies Order);
    await once(worker, "exit");
  }

  /** The thread could not begin, or broke down: what it has not done is done here, and a later job starts another. */
  #abandon(): void {
    this.#worker = undefined;
    this.#threadlessUntil = performance.now() + threadlessTime;
    for (const { job } of this.#waiting.values()) this.#doHere(job);
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
