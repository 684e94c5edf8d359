// npm test: runs the test suites in a throw-away machine and fails when anything is left behind on the real one.
//
//   node scripts/test.ts [--peers] [--test-name-pattern=PATTERN] [FILE or DIRECTORY]...
//
// The rest of the work, inside that machine, is lib/test-run.ts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaksSince, network } from "./lib/leaks.ts";
import { runInThrowAwayMachine } from "./lib/throwaway.ts";

const before = network();
const temporaryFiles = mkdtempSync(join(tmpdir(), "causeway-test-"));
process.on("exit", () => rmSync(temporaryFiles, { recursive: true, force: true }));
const inside = join(import.meta.dirname, "lib/test-run.ts");
const { status, strays } = await runInThrowAwayMachine([process.execPath, inside, ...process.argv.slice(2)], {
  env: { TMPDIR: temporaryFiles },
});

const left = [
  ...strays.map(({ pid, command }) => `process ${pid} (killed): ${command}`),
  ...(await leaksSince(before, network)),
];
for (const leak of left) console.error(`LEFT BEHIND on the machine: ${leak}`);
process.exitCode = status !== 0 ? status : left.length > 0 ? 1 : 0;
