// npm run examples: runs every examples/*.ts as it stands, or the one that is named, each in a throw-away machine with a
// directory for temporary files of its own, and fails when one does, when one leaves something behind, or when there is none.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { findFiles, ROOT } from "./lib/files.ts";
import { leaksSince, network } from "./lib/leaks.ts";
import { runInThrowAwayMachine } from "./lib/throwaway.ts";

/** How long one example may take, milliseconds. */
const TIMEOUT = 60_000;

const usage = `npm run examples [-- NAME ...]

  (nothing)  runs every example
  NAME       runs this one: examples/NAME.ts
  --help     this`;

const examples = chosenExamples(process.argv.slice(2));
const before = network();
const failed: string[] = [];
for (const example of examples) {
  console.log(`--- ${example}`);
  const started = performance.now();
  const temporaryFiles = mkdtempSync(join(tmpdir(), "causeway-examples-"));
  const { status, strays } = await runInThrowAwayMachine([process.execPath, join(ROOT, example)], {
    env: { TMPDIR: temporaryFiles },
    timeout: TIMEOUT,
  });
  const problems = [
    ...(status === 124
      ? [`took longer than ${TIMEOUT / 1000} s`]
      : status !== 0
        ? [`exit status ${status}`]
        : []),
    ...strays.map(({ pid, command }) => `left process ${pid} (killed): ${command}`),
    ...readdirSync(temporaryFiles).map((name) => `left ${name} (removed) among the temporary files`),
  ];
  rmSync(temporaryFiles, { recursive: true });
  for (const problem of problems) console.error(`${example}: ${problem}`);
  if (problems.length > 0) failed.push(example);
  else console.log(`--- ok, ${Math.round(performance.now() - started)} ms`);
}
const left = await leaksSince(before, network);
for (const leak of left) console.error(`LEFT BEHIND on the machine: ${leak}`);
console.log(`${examples.length - failed.length} of ${examples.length} examples ran well`);
process.exitCode = examples.length === 0 || failed.length > 0 || left.length > 0 ? 1 : 0;

function chosenExamples(args: string[]): string[] {
  const all = findFiles(["examples/*.ts"]);
  try {
    const options = { help: { type: "boolean", short: "h", default: false } } as const;
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const wanted = positionals.map((name) => basename(name, ".ts"));
    const names = all.map((file) => basename(file, ".ts"));
    const unknown = wanted.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new Error(`there is no example "${unknown}"; there are: ${names.join(", ")}`);
    return wanted.length === 0 ? all : all.filter((file) => wanted.includes(basename(file, ".ts")));
  } catch (error) {
    console.error(`npm run examples: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exit(2);
  }
}
