// Seed after seed, going on past failures, which are told as they are found: scripts/random.ts starts it.

import { checkRandomly } from "./check.ts";

const scriptsOfASeed = 100;
const [runs = 0, firstSeed = 0] = process.argv.slice(2).map(Number);
let failures = 0;
for (let done = 0, seed = firstSeed; done < runs; done += scriptsOfASeed, seed++) {
  const count = Math.min(scriptsOfASeed, runs - done);
  try {
    await checkRandomly({ seed, runs: count });
    console.log(`seed ${seed}: ${count} scripts, all well`);
  } catch (error) {
    failures++;
    console.log(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
  }
}
if (failures > 0) process.exitCode = 1;
