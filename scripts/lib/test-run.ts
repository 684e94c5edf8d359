// The test run inside its throw-away machine: finds the suites, runs them with node:test, prints its usual report,
// and fails when nothing ran, when a peer suite skipped although peers were asked for, or when something is left.

import { writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { relative, resolve } from "node:path";
import { type EventData, run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { findFiles, ROOT } from "./files.ts";
import { leaksSince, wholeMachine } from "./leaks.ts";

const SUITES = ["packages", "test", "bench", "scripts"].map((folder) => `${folder}/**/*.test.ts`);

const { values: options, positionals } = understand(process.argv.slice(2));

/** No single test, and no file of tests, may take longer: milliseconds. Those that boot a virtual machine wait for each other. */
const TIMEOUT = options.peers ? 1_200_000 : 300_000;

const files = chosenFiles(positionals, options.peers);
if (files.length === 0) fail(`no test file found (in ${positionals.join(" ") || SUITES.join(" ")})`);
if (options.peers) process.env.CAUSEWAY_PEERS = "1";

const look = () => wholeMachine(tmpdir());
const before = look();
const executed = new Set<string>();
/** Files with a test that failed. */
const failed = new Set<string>();
const skipped: string[] = [];
let failures = 0;

const results = run({
  files: files.map((file) => resolve(ROOT, file)),
  concurrency: Number(options["test-concurrency"]),
  testNamePatterns: options["test-name-pattern"],
  testSkipPatterns: options["test-skip-pattern"],
  only: options["test-only"],
  timeout: TIMEOUT,
});
results.on("test:fail", (test) => {
  if (test.todo) return;
  failures++;
  failed.add(where(test));
});
results.on("test:pass", (test) => {
  if (test.skip)
    skipped.push(`${where(test)}: ${test.name} (${test.skip === true ? "no reason" : test.skip})`);
  else if (test.details.type !== "suite" && !isFile(test)) executed.add(where(test));
});
for await (const chunk of results.compose(spec)) process.stdout.write(String(chunk));

const complaints = [
  ...(options.peers ? skipped.map((test) => `SKIPPED, and with --peers that is a failure: ${test}`) : []),
  ...(executed.size === 0 && failures === 0 ? [nothingExecuted()] : []),
  ...(await leaksSince(before, look)).map((leak) => `LEFT BEHIND by a test: ${leak}`),
];
for (const complaint of complaints) console.error(complaint);
const list = options["list-failed"];
if (list !== undefined) writeFileSync(list, [...failed].map((file) => `${file}\n`).join(""));
process.exitCode = failures > 0 || complaints.length > 0 ? 1 : 0;

function understand(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        peers: { type: "boolean", default: false },
        "test-name-pattern": { type: "string", multiple: true, default: [] },
        "test-skip-pattern": { type: "string", multiple: true, default: [] },
        "test-only": { type: "boolean", default: false },
        "list-failed": { type: "string" },
        "test-concurrency": {
          type: "string",
          default: String(Math.max(2, Math.min(4, availableParallelism()))),
        },
      },
    });
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

function nothingExecuted(): string {
  const patterns = options["test-name-pattern"].map((pattern) => `"${pattern}"`).join(" or ");
  if (patterns === "") return "no test was executed";
  return `no test was executed: none is named like ${patterns} in ${positionals.join(" ") || "any suite"}`;
}

/** All suites, or those at or below the paths asked for; with `peers` only the ones that talk to peers. */
function chosenFiles(paths: readonly string[], peers: boolean): string[] {
  const found = paths.length === 0 ? findFiles(SUITES) : paths.flatMap(filesAt);
  return peers ? found.filter((file) => file.endsWith(".peers.test.ts")) : found;
}

function filesAt(path: string): string[] {
  const below = relative(ROOT, resolve(path));
  const found = path.endsWith(".ts") ? findFiles([below]) : findFiles([`${below || "."}/**/*.test.ts`]);
  if (found.length === 0) fail(`no test file at ${path}`);
  return found;
}

// A file is reported as a test of its own when it has no test in it, or when it broke down outside of one.
function isFile(test: EventData.TestPass): boolean {
  return test.nesting === 0 && test.file !== undefined && resolve(test.file) === resolve(test.name);
}

function where({ file }: Pick<EventData.TestPass, "file">): string {
  return file === undefined ? "?" : relative(ROOT, file);
}

function fail(message: string): never {
  console.error(`npm test: ${message}`);
  process.exit(1);
}
