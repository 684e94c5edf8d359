// The guard of a trial: it counts the crossings of the seam, and strikes at one of them, once. The same in the process's main thread and
// in the others, which get it when they start (preload.ts).

import { appendFileSync } from "node:fs";
import { isMainThread, threadName } from "node:worker_threads";
import type { Crossing, Fault, Guard } from "@causeway/kernel";

/** A crossing that can be found again in another run: its kind, what it is about without what is random, and which of those. */
export interface Point {
  readonly thread: "main" | "reaper" | "resolver";
  readonly label: string;
  /** The first is 1. */
  readonly occurrence: number;
}

export type Strike =
  | { readonly kind: "none" }
  /** Writes every point to a file, one JSON object a line. */
  | { readonly kind: "record"; readonly file: string }
  | { readonly kind: "fail"; readonly point: Point; readonly fault: Fault }
  | { readonly kind: "kill"; readonly point: Point; readonly when: "before" | "after" };

/** What the threads of a process share: is the guard awake, and did it strike. */
export class Signals {
  readonly buffer: SharedArrayBuffer;
  readonly #flags: Int32Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#flags = new Int32Array(buffer);
  }

  get awake(): boolean {
    return Atomics.load(this.#flags, 0) === 1;
  }

  set awake(value: boolean) {
    Atomics.store(this.#flags, 0, value ? 1 : 0);
  }

  get struck(): boolean {
    return Atomics.load(this.#flags, 1) === 1;
  }

  set struck(value: boolean) {
    Atomics.store(this.#flags, 1, value ? 1 : 0);
  }
}

export function pointText({ thread, label, occurrence }: Point): string {
  return `${thread}: ${label} #${occurrence}`;
}

const thread = isMainThread ? "main" : threadName === "causeway names" ? "resolver" : "reaper";

export function makeGuard(strike: Strike, signals: Signals): Guard {
  const counts = new Map<string, number>();
  const count = (crossing: Crossing): Point => {
    const label = labelOf(crossing);
    const occurrence = (counts.get(label) ?? 0) + 1;
    counts.set(label, occurrence);
    return { thread, label, occurrence };
  };
  const strikesAt = (point: Point) => "point" in strike && pointText(point) === pointText(strike.point);
  /** Crossings within crossings end in reverse. */
  const under: boolean[] = [];
  return {
    before(crossing) {
      if (!signals.awake) {
        under.push(false);
        return undefined;
      }
      const point = count(crossing);
      if (strike.kind === "record") appendFileSync(strike.file, `${JSON.stringify(point)}\n`);
      // Where a thread broke down, the next one goes the same way.
      const isHere = strikesAt(point) && !signals.struck;
      if (isHere && strike.kind === "kill" && strike.when === "before") die(signals);
      const fault = isHere && strike.kind === "fail" ? strike.fault : undefined;
      if (fault !== undefined) signals.struck = true;
      // A call that is not made has no end.
      if (fault === undefined || fault.made === true || fault.torn === true) under.push(isHere);
      return fault;
    },
    after() {
      const isHere = under.pop() ?? false;
      if (isHere && strike.kind === "kill" && strike.when === "after") die(signals);
    },
  };
}

function die(signals: Signals): void {
  signals.struck = true;
  process.kill(process.pid, "SIGKILL");
}

/** Without ids, numbers and paths of this run. */
function labelOf({ kind, operation, subject }: Crossing): string {
  // One after the other, set by set: a loop.
  if (operation === "NFT_MSG_GETSETELEM") return `${kind} ${operation}`;
  const about = subject
    .replace(/\/dev\/shm\/causeway-\w+/g, "")
    .replace(/\b[0-9a-f]{11,64}\b/g, "*")
    .replace(/\b(br-|veth)[0-9a-f]{11,12}\b/g, "$1*")
    .replace(/[0-9a-f]{2}(:[0-9a-f]{2}){5}/g, "*")
    .replace(/\bfe80:[0-9a-f:]+/g, "*")
    .replace(/\d+/g, "*");
  return `${kind} ${operation} ${about.split("\n", 1)[0]?.slice(0, 60).trim() ?? ""}`.trim();
}
