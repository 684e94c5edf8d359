/**
 * A process that is told from another which got its pid later: by when it started.
 */
import { readMark } from "./keeper.ts";

export interface ProcessIdentity {
  readonly pid: number | undefined;
  /** Clock ticks from the machine's start to its own, as /proc/PID/stat has them; the keeper writes them down. Undefined for runc's. */
  readonly ticks: string | undefined;
}

/** Field 22 of proc(5)'s /proc/PID/stat, counted from behind the program's name, which may have anything in it. */
const startField = 22 - 3;

/** Whether it is the one that was written down, and still there. */
export function isStillThere({ pid, ticks }: ProcessIdentity): boolean {
  if (pid === undefined || ticks === undefined) return false;
  const stat = readMark(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[startField] === ticks;
}
