/**
 * What the reaper and its worker thread say to each other: plain data, as postMessage() copies it.
 */
import type { ConntrackFilter } from "../conntrack/filter.ts";
import type { LinkSelector } from "../rtnl/link.ts";
import type { KernelErrorOptions } from "../sys/errors.ts";

/** Handed to the worker when it starts. */
export interface WorkerSetup {
  /** Descriptor (of the process, so of every thread) of the namespace whose links are deleted. */
  readonly namespaceFd: number;
}

/** One thing to do away with: a link, a namespace kept at a path, what connection tracking remembers. */
export type Remains =
  | {
      readonly link: LinkSelector;
      /** Path of the namespace that the link is in. Default: the reaper's own. */
      readonly inside?: string;
    }
  | { readonly namespacePath: string }
  | {
      readonly connections: readonly ConntrackFilter[];
      /** Path of the namespace that tracks them; absent: the reaper's own. */
      readonly inside?: string;
    };

export type Job = { readonly id: number } & Remains;

/** Ends the thread, which then closes what it opened. Nothing may be waiting. */
export const endOfWork = "end";

export type Order = Job | typeof endOfWork;

/** How a job ended: without `failure` it is done. */
export interface Outcome {
  readonly id: number;
  readonly failure?: KernelErrorOptions;
}
