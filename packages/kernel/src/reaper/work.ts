/**
 * The reaper's work: collects what is waiting and does away with a few links and namespaces at a time, with pauses, because
 * their deletions hold the kernel's RTNL lock, of which there is one for the whole machine. It is done on the thread that it is made in.
 */
import { randomInt } from "node:crypto";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { DecodeError } from "../codec/bytes.ts";
import { Conntrack } from "../conntrack/conntrack.ts";
import type { ConntrackFilter } from "../conntrack/filter.ts";
import type { LinkSelector } from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { isKernelError, KernelError } from "../sys/errors.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { withReserve } from "../sys/reserve.ts";
import { deleteLinks, deleteLinksInside } from "./links.ts";
import { findNamespace, releaseNamespace } from "./namespaces.ts";
import type { Job, Outcome } from "./protocol.ts";

/** Links, and namespaces, in one step: see README.md for what this and the pause were chosen by. */
const perStep = 10;
/** Milliseconds in which everybody else gets at the lock. */
const pause = 5;
/** Milliseconds to wait for company when the first job comes: one link costs as much as forty. */
const gathering = 5;
/** A job that is refused is tried so often in all: what is busy may be free a little later. */
const tries = 4;
/** Milliseconds before it is tried again. */
const respite = 25;
/** For want of memory or of a descriptor it is tried so often: that may take two seconds to pass. */
const triesForShortage = 22;
/** Milliseconds, once all that wait have been refused as often as others are tried. */
const respiteForShortage = 100;
const shortages = ["ENOMEM", "ENOBUFS", "EMFILE", "ENFILE"];
/** A kernel that says so says so again. */
const finalRefusals = ["EOPNOTSUPP", "EINVAL"];

type LinkJob = Extract<Job, { link: unknown }>;
type ConnectionsJob = Extract<Job, { connections: unknown }>;

export class ReaperWork implements Disposable {
  readonly #namespace: NetNamespace;
  readonly #tell: (outcomes: readonly Outcome[]) => void;
  // Nobody else's group: numbers in use are small, and two reapers must not meet.
  readonly #group = randomInt(0x4000_0000, 0x7fff_ffff);
  readonly #connections: ConnectionsJob[] = [];
  readonly #links: LinkJob[] = [];
  readonly #namespaces: Extract<Job, { namespacePath: string }>[] = [];
  /** Opened when they are needed: the kernel may have no connection tracking. */
  #rtnl: Rtnl | undefined;
  #conntrack: Conntrack | undefined;
  #working: Promise<void> | undefined;
  /** How often jobs that wait again were refused, by their ids. */
  readonly #refusals = new Map<number, number>();

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
      this.#step(this.#connections, Number.POSITIVE_INFINITY, (jobs) => this.#forgetConnections(jobs));
      this.#step(this.#links, perStep, (jobs) => this.#reapLinks(jobs));
      // After the links of the same step, so that the kernel finds most of these namespaces empty.
      this.#step(this.#namespaces, perStep, (jobs) =>
        jobs.map(({ namespacePath }) => releaseNamespace(namespacePath)),
      );
      await sleep(this.#pause());
    }
  }

  /**
   * Has so many of the jobs carried out that wait, and tells how they ended. One that was refused waits again.
   *
   * @param carryOut answers for each job why it was refused, or undefined; what it throws is the refusal of all of them
   */
  #step<J extends Job>(
    waiting: J[],
    count: number,
    carryOut: (jobs: readonly J[]) => readonly (KernelError | undefined)[],
  ): void {
    const jobs = waiting.splice(0, count);
    if (jobs.length === 0) return;
    const errors = attempted(jobs, carryOut);
    const again = new Set(jobs.filter(({ id }, at) => this.#mayTryAgain(id, errors[at])));
    waiting.push(...again);
    const outcomes = jobs.flatMap((job, at) => (again.has(job) ? [] : [outcome(job.id, errors[at])]));
    if (outcomes.length > 0) this.#tell(outcomes);
  }

  #pause(): number {
    if (this.#refusals.size === 0) return pause;
    return Math.min(...this.#refusals.values()) < tries ? respite : respiteForShortage;
  }

  #mayTryAgain(id: number, error: KernelError | undefined): boolean {
    const refusals = (this.#refusals.get(id) ?? 0) + 1;
    const code = error?.code ?? "";
    const most = shortages.includes(code) ? triesForShortage : tries;
    const may = error !== undefined && refusals < most && !finalRefusals.includes(code);
    if (may) this.#refusals.set(id, refusals);
    else this.#refusals.delete(id);
    return may;
  }

  /** All of a namespace in one pass over the table: it takes 12 ms, however few are meant. */
  #forgetConnections(jobs: readonly ConnectionsJob[]): readonly (KernelError | undefined)[] {
    const refusals = new Map<ConnectionsJob, KernelError | undefined>();
    for (const [inside, there] of Map.groupBy(jobs, (job) => job.inside)) {
      const [refusal] = attempted(there, () => {
        const filters = there.flatMap((job) => job.connections);
        if (inside === undefined) this.#forgetHere(filters);
        else forgetInside(inside, filters);
        return [];
      });
      for (const job of there) refusals.set(job, refusal);
    }
    return jobs.map((job) => refusals.get(job));
  }

  #forgetHere(filters: readonly ConntrackFilter[]): void {
    this.#conntrack ??= new Conntrack(this.#namespace);
    this.#conntrack.deleteMatching(filters);
  }

  #reapLinks(jobs: readonly LinkJob[]): readonly (KernelError | undefined)[] {
    const places = Map.groupBy(jobs, ({ inside }) => inside);
    const errors = new Map<LinkJob, KernelError | undefined>();
    for (const [inside, there] of places) {
      const links = there.map((job) => job.link);
      const refusals =
        inside === undefined ? this.#deleteHere(links) : deleteLinksInside(inside, this.#group, links);
      for (const [at, job] of there.entries()) errors.set(job, refusals[at]);
    }
    return jobs.map((job) => errors.get(job));
  }

  #deleteHere(links: readonly LinkSelector[]): readonly (KernelError | undefined)[] {
    this.#rtnl ??= new Rtnl(this.#namespace);
    return deleteLinks(this.#rtnl, this.#group, links);
  }

  [Symbol.dispose](): void {
    this.#rtnl?.[Symbol.dispose]();
    this.#rtnl = undefined;
    this.#conntrack?.[Symbol.dispose]();
    this.#conntrack = undefined;
  }
}

function forgetInside(path: string, filters: readonly ConntrackFilter[]): void {
  using namespace = findNamespace(path);
  if (namespace === undefined) return;
  using conntrack = new Conntrack(namespace);
  conntrack.deleteMatching(filters);
}

function attempted<J>(
  jobs: readonly J[],
  carryOut: (jobs: readonly J[]) => readonly (KernelError | undefined)[],
): readonly (KernelError | undefined)[] {
  try {
    return withReserve(() => carryOut(jobs));
  } catch (error) {
    if (isKernelError(error)) return jobs.map(() => error);
    // An answer that could not be read: nobody knows what was done.
    if (!(error instanceof DecodeError)) throw error;
    const { EBADMSG } = constants.errno;
    const unread = new KernelError({ operation: "netlink", errno: EBADMSG, kernelMessage: error.message });
    return jobs.map(() => unread);
  }
}

function outcome(id: number, error: KernelError | undefined): Outcome {
  return error === undefined ? { id } : { id, failure: error.toOptions() };
}
