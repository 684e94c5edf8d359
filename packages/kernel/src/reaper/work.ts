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

export class ReaperWork implements Disposable {
  readonly #namespace: NetNamespace;
  readonly #tell: (outcomes: readonly Outcome[]) => void;
  // Nobody else's group: numbers in use are small, and two reapers must not meet.
  readonly #group = randomInt(0x4000_0000, 0x7fff_ffff);
  readonly #connections: Extract<Job, { connections: unknown }>[] = [];
  readonly #links: Extract<Job, { link: unknown }>[] = [];
  readonly #namespaces: Extract<Job, { namespacePath: string }>[] = [];
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
    if ("connections" in job) this.#connections.push(job);
    else if ("link" in job) this.#links.push(job);
    else this.#namespaces.push(job);
    this.#working ??= this.#work();
    return this.#working;
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
      await sleep(pause);
    }
  }

  /** All that are waiting in one pass over the table: it takes 12 ms, however few are meant. */
  #forgetConnections(): readonly Outcome[] {
    return attempted(this.#connections.splice(0), (jobs) => {
      this.#conntrack ??= new Conntrack(this.#namespace);
      this.#conntrack.deleteMatching(jobs.flatMap((job) => job.connections));
      return [];
    });
  }

  #reapLinks(): readonly Outcome[] {
    return attempted(this.#links.splice(0, perStep), (jobs) => {
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
    return attempted(this.#namespaces.splice(0, perStep), (jobs) =>
      jobs.map(({ namespacePath }) => releaseNamespace(namespacePath)),
    );
  }

  [Symbol.dispose](): void {
    this.#rtnl?.[Symbol.dispose]();
    this.#rtnl = undefined;
    this.#conntrack?.[Symbol.dispose]();
    this.#conntrack = undefined;
  }
}

/** @param carryOut answers for each job why it failed, or undefined; what the kernel throws meanwhile is the failure of all of them */
function attempted<J extends Job>(
  jobs: readonly J[],
  carryOut: (jobs: readonly J[]) => readonly (KernelError | undefined)[],
): readonly Outcome[] {
  if (jobs.length === 0) return [];
  try {
    const errors = withReserve(() => carryOut(jobs));
    return jobs.map(({ id }, index) => outcome(id, errors[index]));
  } catch (error) {
    if (!isKernelError(error)) throw error;
    return jobs.map(({ id }) => outcome(id, error));
  }
}

function outcome(id: number, error: KernelError | undefined): Outcome {
  return error === undefined ? { id } : { id, failure: error.toOptions() };
}
