// Who lives in a network namespace: found by /proc, proc_pid_ns(5).

import { readdirSync, readFileSync, statSync } from "node:fs";

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/** What tells one namespace from another: of a bind mount, or of /proc/PID/ns/net. */
export function identityOf(path: string): string {
  const { dev, ino } = statSync(path);
  return `${dev}:${ino}`;
}

/** The processes that live in one of the namespaces. */
export function processesIn(identities: ReadonlySet<string>): Process[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && identities.has(namespaceOf(pid) ?? ""))
    .map((pid) => ({ pid, command: commandOf(pid) }));
}

/** Undefined for a process that has ended. */
function namespaceOf(pid: number): string | undefined {
  try {
    return identityOf(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "?"; // It ended between the two looks.
  }
}
