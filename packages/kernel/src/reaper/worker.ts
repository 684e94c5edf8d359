/**
 * The reaper's thread: collects what is waiting and does away with a few links and namespaces at a time, with pauses,
 * because their deletions hold the kernel's RTNL lock, of which there is one for the whole machine.
 */
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { Conntrack } from "../conntrack/conntrack.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { isKernelError, type KernelError } from "../sys/errors.ts";
import { NetNamespace } from "../sys/namespace.ts";
import { deleteLinks } from "./links.ts";
import { releaseNamespace } from "./namespaces.ts";
import { endOfWork, type Job, type Order, type Outcome, type WorkerSetup } from "./protocol.ts";

/** Links, and namespaces, in one step: see README.md for what this and the pause were chosen by. */
const perStep = 10;
/** Milliseconds in which everybody else gets at the lock. */
const pause = 5;
/** Milliseconds to wait for company when the first job comes: one link costs as much as forty. */
const gathering = 5;

if (parentPort === null) throw new Error("this file is the reaper's worker thread: use Reaper");
const port = parentPort;
const { namespaceFd } = workerData as WorkerSetup;
const namespace = NetNamespace.ofFd(namespaceFd);
const rtnl = new Rtnl(namespace);
// Nobody else's group: numbers in use are small, and two reapers must not meet.
const group = randomInt(0x4000_0000, 0x7fff_ffff);

const connections: Extract<Job, { connections: unknown }>[] = [];
const links: Extract<Job, { link: unknown }>[] = [];
const namespaces: Extract<Job, { namespacePath: string }>[] = [];
let working = false;
/** Opened when it is needed: the kernel may have no connection tracking. */
let conntrack: Conntrack | undefined;

port.on("message", (order: Order) => {
  if (order === endOfWork) return end();
  if ("connections" in order) connections.push(order);
  else if ("link" in order) links.push(order);
  else namespaces.push(order);
  if (!working) void work();
});

function end(): void {
  rtnl[Symbol.dispose]();
  namespace[Symbol.dispose]();
  conntrack?.[Symbol.dispose]();
  port.close();
}

async function work(): Promise<void> {
  working = true;
  // Whoever wants connections forgotten may be waiting for it, and gains nothing by company.
  if (connections.length === 0) await sleep(gathering);
  while (connections.length + links.length + namespaces.length > 0) {
    // One after the other: who waits for connections to be forgotten need not wait for links too.
    for (const part of [forgetConnections, reapLinks, reapNamespaces]) {
      const outcomes = part();
      if (outcomes.length > 0) port.postMessage(outcomes);
    }
    await sleep(pause);
  }
  working = false;
}

/** All that are waiting in one pass over the table: it takes 12 ms, however few are meant. */
function forgetConnections(): Outcome[] {
  const jobs = connections.splice(0);
  if (jobs.length === 0) return [];
  try {
    conntrack ??= new Conntrack(namespace);
    conntrack.deleteMatching(jobs.flatMap((job) => job.connections));
    return jobs.map(({ id }) => outcome(id, undefined));
  } catch (error) {
    if (!isKernelError(error)) throw error;
    return jobs.map(({ id }) => outcome(id, error));
  }
}

function reapLinks(): Outcome[] {
  const jobs = links.splice(0, perStep);
  if (jobs.length === 0) return [];
  const errors = deleteLinks(
    rtnl,
    group,
    jobs.map((job) => job.link),
  );
  return jobs.map((job, index) => outcome(job.id, errors[index]));
}

/** After the links of the same step, so that the kernel finds most of these namespaces empty. */
function reapNamespaces(): Outcome[] {
  return namespaces
    .splice(0, perStep)
    .map(({ id, namespacePath }) => outcome(id, releaseNamespace(namespacePath)));
}

function outcome(id: number, error: KernelError | undefined): Outcome {
  return error === undefined ? { id } : { id, failure: error.toOptions() };
}
