/**
 * Starting what the daemon says, with our own input, output and terminal.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Launch } from "@causeway/daemon/api";
import { CliError, exitCodes, messageOf } from "../../errors.ts";

const handedOn = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
  "SIGCONT",
] as const;

export interface LaunchOptions {
  /**
   * In a session of its own, so that a terminal's signals reach it by us alone, once. Default: in ours, where the terminal sends its
   * signals to both, and those that come to us alone are handed on.
   */
  readonly ownSession?: boolean;
}

/** @returns the exit status: 128 and the signal's number where a signal ended it */
export async function startLaunch(
  { command, directory }: Launch,
  { ownSession = false }: LaunchOptions = {},
): Promise<number> {
  const [program = "", ...words] = command;
  const child = spawn(program, words, { cwd: directory, stdio: "inherit", detached: ownSession });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", (error) => reject(new CliError(exitCodes.internal, `${program}: ${messageOf(error)}`)));
    child.on("close", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  const fromTerminal = process.stdin.isTTY && !ownSession ? ["SIGINT", "SIGQUIT", "SIGWINCH"] : [];
  for (const signal of handedOn) {
    // A signal is the container's to answer: we do not end before it does.
    process.removeAllListeners(signal);
    process.on(signal, () => void (fromTerminal.includes(signal) || child.kill(signal)));
  }
  return ended;
}
