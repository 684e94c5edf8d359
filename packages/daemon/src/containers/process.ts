/**
 * A process that is told from another which got its pid later, by when it started; and those that it started.
 */
import { files } from "@causeway/kernel";
import { readMark } from "./keeper.ts";

export interface ProcessIdentity {
  readonly pid: number | undefined;
  /** Clock ticks from the machine's start to its own, as /proc/PID/stat has them: written down by the keeper, or read while it lives. */
  readonly ticks: string | undefined;
}

/** Field 22 of proc(5)'s /proc/PID/stat, counted from behind the program's name, which may have anything in it. */
const startField = 22 - 3;

/** Whether it is the one that was written down, and still runs: one that its parent has not asked for (a zombie) does not. */
export function isStillThere({ pid, ticks }: ProcessIdentity): boolean {
  if (pid === undefined || ticks === undefined) return false;
  const fields = statOf(pid);
  return fields[startField] === ticks && fields[0] !== "Z";
}

/** When it started; undefined where there is none. */
export function startOf(pid: number): string | undefined {
  return statOf(pid)[startField];
}

/** The fields of its stat, from its state (the third) on. */
function statOf(pid: number): readonly string[] {
  const stat = readMark(`/proc/${pid}/stat`) ?? "";
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** What it started, and what that started. Each thread has children of its own. */
export function descendantsOf(pid: number): readonly number[] {
  return threadsOf(pid)
    .flatMap((thread) => readMark(`/proc/${pid}/task/${thread}/children`)?.split(" ") ?? [])
    .filter((child) => child !== "")
    .flatMap((child) => [Number(child), ...descendantsOf(Number(child))]);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return files.readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Nothing is wrong where it has ended meanwhile. */
export function signalProcess(pid: number, signal: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
