// The command line as a process of its own, the way a user starts it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";

export const launcher = join(import.meta.dirname, "../../packages/cli/bin/causeway");

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Path of the daemon's socket. Default: the usual one. */
  readonly socket?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Another launcher than the repository's: an installed one. */
  readonly program?: string;
}

/** Runs `causeway WORDS` to its end. What the test's own environment says of colours and hosts does not count. */
export function runCli(words: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(options.program ?? launcher, words, {
    env: {
      PATH: process.env.PATH,
      HOME: "/nonexistent",
      ...(options.socket !== undefined && { CAUSEWAY_HOST: `unix://${options.socket}` }),
      ...options.env,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(options.input ?? "");
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === null) reject(new Error(`causeway was ended by ${signal}: ${stderr}`));
      else resolve({ code, stdout, stderr });
    });
  });
}

/** The same for one daemon. */
export function cliOf(socket: string) {
  const run = (...words: readonly string[]) => runCli(words, { socket });
  return {
    run,
    /** What it wrote to standard output; fails where it ended with another status than 0. */
    ok: async (...words: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(...words);
      assert.equal(code, 0, `causeway ${words.join(" ")}: ${stderr}`);
      return stdout;
    },
  };
}
