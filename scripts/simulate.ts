// npm run simulate: a cluster of many hosts over a real etcd, in a throw-away machine. What it does: test/simulation/README.md.
//
//   npm run simulate -- --hosts=1000 --networks=500 --networks-per-host=5 --endpoints-per-host=50 --processes=8 --json

import { join } from "node:path";
import { runInThrowAwayMachine } from "./lib/throwaway.ts";

const command = [
  process.execPath,
  join(import.meta.dirname, "../test/simulation/run.ts"),
  ...process.argv.slice(2),
];
const { status } = await runInThrowAwayMachine(command);
process.exitCode = status;
