// Random scripts against the model; what fails is shrunk to a short one. README.md

import { test } from "node:test";
import { checkRandomly, chosenSeed } from "./check.ts";

/** About 20 seconds of a machine that has nothing else to do. */
const runs = Number(process.env.CAUSEWAY_RUNS ?? 25);

test("whatever is done, the kernel holds what a tiny model says", async (t) => {
  const seed = chosenSeed();
  t.diagnostic(`seed ${seed}, ${runs} scripts`);
  await checkRandomly({ seed, runs, path: process.env.CAUSEWAY_PATH });
});
