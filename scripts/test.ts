// npm test: runs the test suites in a throw-away machine and fails when anything is left behind on the real one.
//
//   npm test -- --help
//
// The rest of the work, inside that machine, is lib/test-run.ts.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaksSince, network } from "./lib/leaks.ts";
import { runInThrowAwayMachine } from "./lib/throwaway.ts";

const usage = `npm test [-- [OPTION]... [FILE or DIRECTORY]...]

  (nothing)                     runs every suite
  FILE or DIRECTORY             runs these only
  --test-name-pattern=PATTERN   runs tests whose names match the regular expression, and no others
  --test-skip-pattern=PATTERN   leaves out tests whose names match
  --test-only                   runs tests that are marked with "only"
  --test-concurrency=N          so many files at a time
  --list-failed=FILE            writes there, a line each, the files in which a test failed
  --peers                       runs the suites that talk to dockerd, runc and the like: npm run test:peers
  --help                        this`;

if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
  console.log(usage);
  process.exit(0);
}

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
