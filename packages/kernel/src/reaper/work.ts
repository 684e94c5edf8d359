/**
 * The reaper's work: collects what is waiting and does away with a few links and namespaces at a time, with pauses, because
 * their deletions hold the kernel's RTNL lock, of which there is one for the whole machine. It is done on the thread that it is made in.
 */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Conntrack } from "../conntrack/conntrack.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { isKernelError, type KernelError } from "../sys/errors.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { withReserve } from "../sys/reserve.ts";
import { deleteLinks } from "./links.ts";
import { releaseNamespace } from "./namespaces.ts";
import type { Job, Outcome } from "./protocol.ts";

/** Links, and namespaces, in one step: see README.md for what this and the pause were chosen by. */
const perStep = 10;
/** Milliseconds in which everybody else gets at the lock. */
const pause = 5;
/** Milliseconds to wait for company when the first job comes: one link costs as much as forty. */
const gathering = 5;

/** Refusals for want of memory or a descriptor: they may pass. */
const passing = ["ENOMEM", "ENOBUFS", "EMFILE", "ENFILE"];
/** How often a job is tried that meets them, and milliseconds in between: two seconds. */
const mostTries = 20;
const longPause = 100;

export class ReaperWork implements Disposable {
  readonly #namespace: NetNamespace;
  readonly #tell: (outcomes: readonly Outcome[]) => void;
  // Nobody else's group: numbers in use are small, and two reapers must not meet.
  readonly #group = randomInt(0x4000_0000, 0x7fff_ffff);
  readonly #connections: Extract<Job, { connections: unknown }>[] = [];
  readonly #links: Extract<Job, { link: unknown }>[] = [];
  readonly #namespaces: Extract<Job, { namespacePath: string }>[] = [];
  /** How often jobs were tried that wait to be tried again, by id. */
  readonly #tries = new Map<number, number>();
  /** Opened when they are needed: the kernel may have no connection tracking. */
  #rtnl: Rtnl | undefined;
  #conntrack: Conntrack | undefined;
  #working: Promise<void> | undefined;

  /**
   * @param namespace whose links are deleted; it stays the caller's
   * @param tell is told how jobs ended
   */
  constructor(namespace: NetNamespace, tell: (outcomes: readonly Outcome[]) => void) {
    this.#namespace = namespace;
    this.#tell = tell;
  }

  /** Takes a job on. What is answered is the end of all that is waiting: it fails where the work itself broke down. */
  add(job: Job): Promise<void> {
    this.#enqueue(job);
    this.#working ??= this.#work();
    return this.#working;
  }

  #enqueue(job: Job): void {
    if ("connections" in job) this.#connections.push(job);
    else if ("link" in job) this.#links.push(job);
    else this.#namespaces.push(job);
  }

  async #work(): Promise<void> {
    try {
      await this.#workOff();
    } finally {
      // In the same turn as the last look at what is waiting.
      this.#working = undefined;
    }
  }

  async #workOff(): Promise<void> {
    // Whoever wants connections forgotten may be waiting for it, and gains nothing by company.
    if (this.#connections.length === 0) await sleep(gathering);
    while (this.#connections.length + this.#links.length + this.#namespaces.length > 0) {
      // One after the other: who waits for connections to be forgotten need not wait for links too.
      for (const part of [this.#forgetConnections, this.#reapLinks, this.#reapNamespaces]) {
        const outcomes = part.call(this);
        if (outcomes.length > 0) this.#tell(outcomes);
      }
      await sleep(this.#tries.size === 0 ? pause : longPause);
    }
  }

  /** All that are waiting in one pass over the table: it takes 12 ms, however few are meant. */
  #forgetConnections(): readonly Outcome[] {
    return this.#attempt(this.#connections.splice(0), (jobs) => {
      this.#conntrack ??= new Conntrack(this.#namespace);
      this.#conntrack.deleteMatching(jobs.flatMap((job) => job.connections));
      return [];
    });
  }

  #reapLinks(): readonly Outcome[] {
    return this.#attempt(this.#links.splice(0, perStep), (jobs) => {
      this.#rtnl ??= new Rtnl(this.#namespace);
      return deleteLinks(
        this.#rtnl,
        this.#group,
        jobs.map((job) => job.link),
      );
    });
  }

  /** After the links of the same step, so that the kernel finds most of these namespaces empty. */
  #reapNamespaces(): readonly Outcome[] {
    return this.#attempt(this.#namespaces.splice(0, perStep), (jobs) =>
      jobs.map(({ namespacePath }) => releaseNamespace(namespacePath)),
    );
  }

  /** @param carryOut answers for each job why it failed, or undefined; what it throws is the failure of all of them */
  #attempt<J extends Job>(
    jobs: readonly J[],
    carryOut: (jobs: readonly J[]) => readonly (KernelError | undefined)[],
  ): readonly Outcome[] {
    if (jobs.length === 0) return [];
    const errors = failuresOf(jobs, carryOut);
    return jobs.flatMap((job, index) => {
      const error = errors[index];
      return this.#putBack(job, error) ? [] : outcome(job.id, error);
    });
  }

  /** Answers whether the job is to be tried again. */
  #putBack(job: Job, error: KernelError | undefined): boolean {
    const tries = (this.#tries.get(job.id) ?? 0) + 1;
    this.#tries.delete(job.id);
    if (!isKernelError(error, ...passing) || tries === mostTries) return false;
    this.#tries.set(job.id, tries);
    this.#enqueue(job);
    return true;
  }

  [Symbol.dispose](): void {
    this.#rtnl?.[Symbol.dispose]();
    this.#rtnl = undefined;
    this.#conntrack?.[Symbol.dispose]();
    this.#conntrack = undefined;
  }
}

function failuresOf<J extends Job>(
  jobs: readonly J[],
  carryOut: (jobs: readonly J[]) => readonly (KernelError | undefined)[],
): readonly (KernelError | undefined)[] {
  try {
    return withReserve(() => carryOut(jobs));
  } catch (error) {
    if (!isKernelError(error)) throw error;
    return jobs.map(() => error);
  }
}

function outcome(id: number, error: KernelError | undefined): Outcome {
  return error === undefined ? { id } : { id, failure: error.toOptions() };
}
