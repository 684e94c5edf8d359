// npm run bench -- NAME [--json] | --list: runs a bench in a throw-away machine. See README.md.
//
// Exit status: 0 every figure holds its bar, 1 one falls short, 2 it could not run.

import { runInThrowAwayMachine } from "../scripts/lib/throwaway.ts";
import { listBenches, parseRequest, runBench, type Status, usage } from "./lib/runner.ts";

const INSIDE = "--inside";

const streams = {
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
};

// Node's own status for what nobody caught is 1, which here means that a figure falls short.
process.once("uncaughtException", (error) => {
  streams.err(`${error.stack}\n`);
  process.exit(2 satisfies Status);
});

const args = process.argv.slice(2);
const inside = args.includes(INSIDE);
process.exitCode = await main();

async function main(): Promise<Status> {
  try {
    const request = parseRequest(args.filter((arg) => arg !== INSIDE));
    if (request.kind === "help") {
      streams.out(`${usage}\n`);
      return 0;
    }
    if (request.kind === "list") return await listBenches(import.meta.dirname, streams);
    return await (inside ? runBench(import.meta.dirname, request, streams) : inAMachine());
  } catch (error) {
    streams.err(`${error instanceof Error ? error.message : error}\n`);
    return 2;
  }
}

/** Starts this file again where it can do no harm; what a bench leaves running there is ended and told. */
async function inAMachine(): Promise<Status> {
  const command = [process.execPath, import.meta.filename, INSIDE, ...args];
  const { status, strays } = await runInThrowAwayMachine(command);
  for (const { pid, command } of strays) streams.err(`bench left process ${pid} (killed): ${command}\n`);
  return status === 0 || status === 1 ? status : 2;
}
