/**
 * The seam between this program and the kernel or the disk: every system call, netlink request, nft transaction, file
 * operation and store write goes through a gate. By itself a gate is the function itself. A test sets a guard, which is told
 * of each crossing, may let it fail, or end the process before or after it; a daemon that logs at `trace` sets one that looks on.
 */
import { constants } from "node:os";

export type CrossingKind = "syscall" | "netlink" | "nftables" | "file" | "store";

/** One call, about to be made or just made. */
export interface Crossing {
  readonly kind: CrossingKind;
  /** The function or the netlink message: `socket`, `RTM_NEWLINK`, `writeFileSync` ... */
  readonly operation: string;
  /** What it is about, as far as it is known: a path, a link. */
  readonly subject: string;
}

/** How a call is to fail. */
export interface Fault {
  /** Symbolic errno, such as `ENOSPC`. */
  readonly code: string;
  /**
   * The call is made all the same, and only its answer is lost or replaced: what fails with EEXIST was there, what fails with ENODEV
   * has gone.
   */
  readonly made?: boolean;
  /** An answer that comes is cut off in the middle. */
  readonly torn?: boolean;
}

export interface Guard {
  /** Before a call: how it is to fail; undefined lets it be made as ever. */
  before(crossing: Crossing): Fault | undefined;
  /** After a call was made, whether it failed or not. */
  after(crossing: Crossing): void;
}

let guard: Guard | undefined;
const gates: (() => void)[] = [];

/** Sets the guard of this thread, or takes it away. For tests, and to trace. */
export function setGuard(next: Guard | undefined): void {
  guard = next;
  for (const adjust of gates) adjust();
}

export function isGuarded(): boolean {
  return guard !== undefined;
}

/** The errno (positive) that a fault means. */
export function errnoOf({ code }: Fault): number {
  return Object.entries(constants.errno).find(([name]) => name === code)?.[1] ?? constants.errno.EIO;
}

/**
 * Has a call cross the seam.
 *
 * @param make the call itself
 * @param refuse what comes of it (an answer, or an exception) where it is to fail; given what it answered where it was made all the same
 */
export function cross<T>(crossing: Crossing, make: () => T, refuse: (fault: Fault, answer?: T) => T): T {
  const watching = guard;
  if (watching === undefined) return make();
  const fault = watching.before(crossing);
  if (fault !== undefined && fault.made !== true && fault.torn !== true) return refuse(fault);
  try {
    const answer = make();
    return fault === undefined ? answer : refuse(fault, answer);
  } finally {
    watching.after(crossing);
  }
}

type Functions = Readonly<Record<string, (...args: never[]) => unknown>>;

/**
 * The same functions, as gates: the functions themselves until a guard is set.
 *
 * @param refuse what a function that is to fail answers, or throws
 */
export function gated<F extends Functions>(
  kind: CrossingKind,
  functions: F,
  refuse: (fault: Fault, crossing: Crossing, answer: unknown) => unknown,
): F {
  const gate: F = { ...functions };
  const guarded = Object.fromEntries(
    Object.entries(functions).map(([operation, call]) => [
      operation,
      (...args: never[]) => {
        const subject = args.filter((argument) => typeof argument === "string").join(" ");
        const crossing = { kind, operation, subject };
        return cross(
          crossing,
          () => call(...args),
          (fault, answer) => refuse(fault, crossing, answer),
        );
      },
    ]),
  );
  gates.push(() => Object.assign(gate, guard === undefined ? functions : guarded));
  return gate;
}
