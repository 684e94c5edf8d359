/**
 * The process `causeway`: one command line, and the exit status that goes with it.
 */
import { runCommandLine } from "./run.ts";

process.exit(await runCommandLine(process.argv.slice(2), process));
