// Commands under Debian's stock kernel, which has what this machine's own lacks: ../shared/tools/vm-run beside the repository.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { needsPeer } from "./peers.ts";

const ROOT = join(import.meta.dirname, "../..");
const VM_RUN = join(ROOT, "../shared/tools/vm-run");
const CACHE = process.env.VM_RUN_CACHE ?? "/var/tmp/vm-run";

/** For the `skip` option of a test in a `*.peers.test.ts` file: false when a virtual machine can be started. */
export function needsVirtualMachine(): string | false {
  if (!existsSync(VM_RUN)) return `${VM_RUN} is missing: it is handed out beside the repository`;
  if (!existsSync(join(CACHE, "ready")))
    return `${CACHE} has no guest kernel: sh scripts/setup peers fetches it`;
  return needsPeer("qemu-system-x86_64");
}

/** What became of the tests of a file. */
export interface GuestTests {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What went wrong, with its errors, in the words of the guest's test runner; empty where nothing did. */
  readonly complaints: string;
}

/** Of the guest, not of the test that it runs in: seconds, less than a test file with peers may take. */
const TIME_LIMIT = 400;

/** One guest at a time: two take more than twice as long. */
const LOCK = join(CACHE, "in-use");

/** The code of the workspace that a test may import. */
const CODE = ["packages/*/src/**/*.ts", "test/**/*.ts"];

/**
 * Writes the workspace's code without its types into a folder, and beside it a module for `--import` that has Node take it
 * from there.
 *
 * Node strips types by a WebAssembly module, and under emulation processes die of compiling now and then (V8: "Check failed:
 * it->second.Size() > offset"), besides taking their time. So the guest runs without any compiler, and what it runs needs none.
 *
 * @param seen where the guest sees the folder
 * @returns the module's name in the folder
 */
function writeStripped(folder: string, seen: string): string {
  for (const file of globSync(CODE, { cwd: ROOT, exclude: ["**/node_modules/**"] })) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), stripTypeScriptTypes(readFileSync(join(ROOT, file), "utf8")));
  }
  const hook = `
    import { readFileSync } from "node:fs";
    import { registerHooks } from "node:module";
    import { pathToFileURL } from "node:url";
    const root = pathToFileURL(${JSON.stringify(`${ROOT}/`)}).href;
    registerHooks({
      load(url, context, next) {
        if (!url.startsWith(root) || !url.endsWith(".ts")) return next(url, context);
        const file = ${JSON.stringify(`${seen}/`)} + url.slice(root.length);
        return { format: "module", source: readFileSync(file, "utf8"), shortCircuit: true };
      },
    });`;
  writeFileSync(join(folder, "hook.mjs"), hook);
  return "hook.mjs";
}

export interface GuestOptions {
  /** Kernel modules to load first; others are loaded when they are needed. */
  readonly modules?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Regular expressions of tests that are left out. */
  readonly without?: readonly string[];
}

/**
 * Boots, runs test files of the repository as root, and powers off. About 10 s, and 10 times slower than here.
 *
 * @param files from the repository's root; globs are understood
 */
export function testInVirtualMachine(
  files: readonly string[],
  { modules = [], env = {}, without = [] }: GuestOptions = {},
): GuestTests {
  const { NODE_TEST_CONTEXT: _runner, NODE_OPTIONS: _options, ...inherited } = process.env;
  const out = mkdtempSync(join(tmpdir(), "causeway-guest-"));
  // For tests that become somebody else.
  chmodSync(out, 0o755);
  // vm-run's name for it in the guest, which has a /tmp of its own.
  const seen = "/.vmout";
  try {
    const hook = writeStripped(out, seen);
    const variables = { ...env, TMPDIR: "/tmp", NODE_OPTIONS: `--jitless --import=${seen}/${hook}` };
    const { status, stdout, stderr } = spawnSync(
      // Emulation takes all that two processors have: the suites beside this one come first.
      "nice",
      [
        ...[
          "-n",
          "10",
          "flock",
          "--close",
          LOCK,
          VM_RUN,
          "-t",
          String(TIME_LIMIT),
          "-k",
          modules.join(" "),
          "--",
        ],
        ...["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)],
        ...[process.execPath, "--test", "--test-reporter=tap", "--test-concurrency=2"],
        ...without.map((pattern) => `--test-skip-pattern=${pattern}`),
        ...files,
      ],
      { cwd: ROOT, env: { ...inherited, OUT: out }, encoding: "utf8", maxBuffer: 1 << 28 },
    );
    const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(stdout)?.[1] ?? 0);
    const failed = count("fail") + count("cancelled");
    return {
      passed: count("pass"),
      failed,
      skipped: count("skipped"),
      complaints: status === 0 && failed === 0 ? "" : complaintsIn(stdout) || `${stdout}${stderr}`,
    };
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** Every test that failed by itself; those that were cancelled with the suite around them say nothing of why. */
function complaintsIn(tap: string): string {
  const failures = tap.match(/^ *not ok .*\n( *---\n[\s\S]*?^ *\.\.\.$)?/gm) ?? [];
  return failures
    .filter((text) => !/failureType: '(cancelledByParent|subtestsFailed)'/.test(text))
    .join("\n");
}
