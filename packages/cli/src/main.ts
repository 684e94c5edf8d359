/**
 * The process `causeway`: one command line, and the exit status that goes with it.
 */
import { runCommandLine } from "./run.ts";

// Not by await: as installed this is one CommonJS file, which starts faster (ADR 0016).
void runCommandLine(process.argv.slice(2), process).then((status) => process.exit(status));
