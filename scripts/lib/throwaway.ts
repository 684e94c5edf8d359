// A throw-away machine: a command in a network and mount namespace of its own (unshare(1)), so that nothing it does
// can reach the machine's network, and letting go of it cleans up. Loopback is up and /run/netns is private.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Marks every process that was started in a throw-away machine: inherited through the environment. */
const MARKER = "CAUSEWAY_MACHINE";

/** How long a process may take to end after the command that started it, milliseconds. */
const ENDING_TIME = 3000;

const PREPARE = `
mkdir -p /run/netns
mount -t tmpfs -o mode=755 causeway /run/netns
ip link set lo up
exec "$@"
`;

export interface StrayProcess {
  readonly pid: number;
  readonly command: string;
}

export interface MachineOutcome {
  /** The command's exit status; 128 + signal number when a signal ended it. */
  readonly status: number;
  /** Processes that outlived the command. They have been killed. */
  readonly strays: readonly StrayProcess[];
}

/**
 * The environment for a command whose results should not depend on who runs it: without NODE_EXTRA_CA_CERTS, which
 * slows every start of Node, and without the mark of a test runner around us.
 */
function cleanEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _certificates, NODE_TEST_CONTEXT: _runner, ...rest } = process.env;
  return { ...rest, ...extra };
}

/**
 * Runs a command in a throw-away machine, with our standard streams.
 *
 * @param command program and arguments
 * @param timeout milliseconds until everything in the machine is killed and the status is 124; none by default
 * @throws Error when this process may not make namespaces
 */
export async function runInThrowAwayMachine(
  command: readonly string[],
  { env = {}, timeout }: { env?: Readonly<Record<string, string>>; timeout?: number } = {},
): Promise<MachineOutcome> {
  if (process.getuid?.() !== 0) throw new Error("making a throw-away machine takes root: run this as root");
  const mark = randomUUID();
  const child = spawn(
    "unshare",
    ["--net", "--mount", "--propagation", "private", "sh", "-ec", PREPARE, "sh", ...command],
    { stdio: "inherit", env: cleanEnvironment({ ...env, [MARKER]: mark }) },
  );
  const interrupt = (signal: NodeJS.Signals) => {
    kill(markedProcesses(mark));
    process.exit(128 + constants.signals[signal]);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let late = false;
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => {
          late = true;
          kill(markedProcesses(mark));
        }, timeout);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
    const strays = await outliving(mark);
    kill(strays);
    return { status: late ? 124 : status, strays };
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** The marked processes that do not end by themselves. */
async function outliving(mark: string): Promise<StrayProcess[]> {
  const deadline = Date.now() + ENDING_TIME;
  let looks = 0;
  for (;;) {
    const strays = markedProcesses(mark);
    // One that is in the middle of an exec shows no environment.
    if ((strays.length === 0 && looks++ > 0) || Date.now() > deadline) return strays;
    await sleep(20);
  }
}

function kill(strays: readonly StrayProcess[]): void {
  for (const { pid } of strays) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

function markedProcesses(mark: string): StrayProcess[] {
  const needle = `${MARKER}=${mark}`;
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && readProc(pid, "environ").split("\0").includes(needle))
    .map((pid) => ({ pid, command: readProc(pid, "cmdline").replaceAll("\0", " ").trim() }));
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // It ended between readdir and here.
  }
}
