/**
 * What the resolver and its thread say to each other: plain data, as postMessage() copies it.
 */
import type { MessagePort } from "node:worker_threads";
import type { NetworkRecordOf, SandboxNames, Trace } from "../../contracts/names.ts";

/** Numbers in memory that both threads have, by their places. */
export const shared = {
  /** How many messages have been sent: one that reads another number has messages to read. */
  sent: 0,
  /** 1 when the process ends, and nobody reads messages any more. */
  ending: 1,
  length: 2,
} as const;

/** Handed to the thread when it starts. */
export interface WorkerSetup {
  readonly port: MessagePort;
  /** Of Int32, {@link shared}. */
  readonly memory: SharedArrayBuffer;
  /** counts.ts */
  readonly counts: SharedArrayBuffer;
  /** Descriptor (of the process, so of every thread) that wakes it. */
  readonly wakeFd: number;
  /** Descriptor of the namespace from which the host's name servers are asked. */
  readonly hostNamespaceFd: number;
  readonly settings: ResolverSettings;
}

export interface ResolverSettings {
  /** The host's resolv.conf. */
  readonly hostResolvConf: string;
  /** Bytes of answers of others that are kept; 0: none. */
  readonly cacheBytes: number;
  /** Questions of one sandbox that others are asked at a time. */
  readonly inFlight: number;
}

export type Order =
  | {
      readonly kind: "open";
      readonly sandboxId: string;
      readonly namespacePath: string;
      readonly owner: string;
    }
  | { readonly kind: "tell"; readonly names: SandboxNames }
  | { readonly kind: "close"; readonly sandboxId: string }
  | {
      readonly kind: "trace";
      /** By which the answer is known. */
      readonly number: number;
      readonly sandboxId: string;
      readonly name: string;
      readonly type: string;
    }
  | { readonly kind: "records"; readonly networkId: string; readonly records: readonly NetworkRecordOf[] }
  | { readonly kind: "end" };

/** What the thread says. */
export type Report = Opened | Traced;

/** Answers to `trace`. */
export interface Traced {
  readonly kind: "traced";
  readonly number: number;
  /** Undefined where there is no such sandbox, or the question is none. */
  readonly trace?: Trace;
  /** An error of ours, as plain data. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/** Answers to `open`. */
export interface Opened {
  readonly kind: "opened";
  readonly sandboxId: string;
  /** What the kernel refused. */
  readonly failure?: string;
}
