// npm run random: many random scripts, seed after seed, in a throw-away machine. What they are: test/random/README.md.
//
//   npm run random -- --runs 2000 --seed 7

import { join } from "node:path";
import { parseArgs } from "node:util";
import { runInThrowAwayMachine } from "./lib/throwaway.ts";

const { values } = parseArgs({
  options: {
    /** How many scripts. */
    runs: { type: "string", default: "1000" },
    /** The first seed; each serves for a hundred scripts. Default: another one each time. */
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
  },
});
const command = [
  process.execPath,
  join(import.meta.dirname, "../test/random/long.ts"),
  values.runs,
  values.seed,
];
const { status } = await runInThrowAwayMachine(command);
process.exitCode = status;
