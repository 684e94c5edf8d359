/**
 * What the resolver and its thread say to each other: plain data, as postMessage() copies it.
 */
import type { MessagePort } from "node:worker_threads";
import type { AddedRecord, SandboxNames, Trace } from "../../contracts/names.ts";
import type { NamespacePlace } from "../../contracts/netstack.ts";

/** Numbers in memory that both threads have, by their places. */
export const shared = {
  /** How many orders have been sent: a thread that has carried out another number has orders to read. */
  sent: 0,
  /** How many have been carried out, failures reported. */
  done: 1,
  /** 1 when the process ends, and nobody reads messages any more. */
  ending: 2,
  length: 3,
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
  /** Whose sandboxes they are, for whoever looks at the rules in their namespaces. */
  readonly owner: string;
  /** The host's resolv.conf. */
  readonly hostResolvConf: string;
  /** Bytes of answers of others that are kept; 0: none. */
  readonly cacheBytes: number;
  /** Questions of one sandbox that others are asked at a time. */
  readonly inFlight: number;
}

export type Order =
  | { readonly kind: "prepare"; readonly place: NamespacePlace }
  | { readonly kind: "forget"; readonly identity: string }
  | {
      readonly kind: "open";
      readonly sandboxId: string;
      /** Tells one opening of a sandbox from another. */
      readonly attempt: number;
      readonly place: NamespacePlace;
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
  | { readonly kind: "records"; readonly networkId: string; readonly records: readonly AddedRecord[] }
  | Question
  | { readonly kind: "end" };

/** What is replied to, in the order in which it was asked. */
export type Question =
  /** Nothing: all that was ordered before has been carried out. */
  { readonly kind: "reach" } | { readonly kind: "obstacle"; readonly sandboxId: string };

/** Answers to `trace`. */
export interface Traced {
  readonly kind: "traced";
  readonly number: number;
  /** Undefined where there is no such sandbox, or the question is none. */
  readonly trace?: Trace;
  /** An error of ours, as plain data. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/** A sandbox could not be opened. */
export interface Failed {
  readonly kind: "failed";
  readonly sandboxId: string;
  readonly attempt: number;
  readonly failure: Failure;
}

/** An error as plain data. */
export interface Failure {
  readonly message: string;
  /** Symbolic errno of what the kernel refused. */
  readonly errno?: string;
}

/** What the thread says. */
export type Said =
  | Failed
  | Traced
  /** A namespace was made ready: questions come from it. */
  | { readonly kind: "ready"; readonly identity: string }
  /** A namespace could not be made ready. */
  | { readonly kind: "unready"; readonly identity: string }
  /** Something went wrong that concerns nobody in particular; all else goes on. */
  | { readonly kind: "wrong"; readonly message: string }
  | { readonly kind: "reply"; readonly value: string | undefined };
