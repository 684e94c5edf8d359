/**
 * One command line from its words to its exit status.
 */
import { CommanderError } from "commander";
import { parseAddress } from "./client/address.ts";
import { Client } from "./client/client.ts";
import { CliError, exitCodes, messageOf, usageError } from "./errors.ts";
import { makeOutput } from "./output/output.ts";
import { printable } from "./output/printable.ts";
import { buildProgram, type GlobalOptions, type Outcome } from "./parse.ts";
import { commands } from "./program.ts";
import { slipText, unknownCommand } from "./slips.ts";
import { version } from "./version.ts";
import { familiarWords } from "./words.ts";

/** What is used of the process. */
type Process = Pick<NodeJS.Process, "stdout" | "stderr" | "env" | "on" | "exit">;

/** Nobody waits longer for a name. Milliseconds. */
const longestCompletion = 2000;

/** @returns the exit status; what went wrong has been told */
export async function runCommandLine(words: readonly string[], process: Process): Promise<number> {
  const { stdout, env } = process;
  const stderr = () => quiet(process.stderr, process);
  quiet(stdout, process);
  const interrupted = interruption(process);
  const outcome: Outcome = { exitCode: exitCodes.ok };
  const prepare = async ({ host, color, ...tls }: GlobalOptions) => ({
    client: new Client({
      address: parseAddress(host ?? env.CAUSEWAY_HOST),
      tls: async () => (await import("./client/tls.ts")).readTlsFiles(tls, env.CAUSEWAY_CERT_PATH),
    }),
    output: makeOutput(stdout, stderr, { color, environment: env }),
    signal: interrupted.signal,
  });
  if (words[0] === "__complete") return completed(words.slice(1), process);
  const familiar = familiarWords(words);
  const program = buildProgram(commands, familiar, version, prepare, outcome);
  try {
    const unknown = unknownCommand(commands, familiar);
    if (unknown !== undefined) throw usageError(unknown);
    await program.parseAsync([...familiar], { from: "user" });
    return interrupted.signal.aborted && outcome.exitCode === exitCodes.ok
      ? exitCodes.interrupted
      : outcome.exitCode;
  } catch (error) {
    if (interrupted.signal.aborted) return exitCodes.interrupted;
    return failed(error, familiar, (line) => void stderr().write(`${line}\n`));
  }
}

/** Somebody is typing: quick, and without a word where something is wrong. */
async function completed(words: readonly string[], { stdout, env }: Process): Promise<number> {
  try {
    const { complete, completionText } = await import("./completion/complete.ts");
    const at = words.findIndex((word) => word === "-H" || word === "--host");
    const address = parseAddress(at >= 0 && at < words.length - 2 ? words[at + 1] : env.CAUSEWAY_HOST);
    const late = setTimeout(() => process.exit(exitCodes.ok), longestCompletion);
    const client = new Client({
      address,
      tls: async () => (await import("./client/tls.ts")).readTlsFiles({}, env.CAUSEWAY_CERT_PATH),
    });
    stdout.write(completionText(await complete(commands, words, client)));
    clearTimeout(late);
  } catch {
    // A daemon that is away has no names.
  }
  return exitCodes.ok;
}

/** Where nobody reads any more, the process ends with what `yes | head` ends with, without a word. */
function quiet<T extends NodeJS.WriteStream>(stream: T, process: Process): T {
  if (stream.listenerCount("error") > 0) return stream;
  return stream.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? exitCodes.brokenPipe : exitCodes.internal);
  });
}

/** The first Ctrl-C lets a command end by itself; the second ends it. */
function interruption(process: Process): AbortController {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return controller;
}

function failed(error: unknown, words: readonly string[], say: (line: string) => void): number {
  if (error instanceof CommanderError) {
    // Help and version were asked for, and have been written.
    if (error.exitCode === 0) return exitCodes.ok;
    if (error.code === "commander.help") return exitCodes.usage;
    say(`causeway: ${printable(slipText(commands, words, error.message))}`);
    return exitCodes.usage;
  }
  if (error instanceof CliError) {
    say(`causeway: ${printable(error.message)}`);
    return error.exitCode;
  }
  say(`causeway: this is a fault of ours: ${error instanceof Error ? error.stack : messageOf(error)}`);
  return exitCodes.internal;
}
