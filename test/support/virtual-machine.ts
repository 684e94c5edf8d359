// Commands under Debian's stock kernel, which has what this machine's own lacks: ../shared/tools/vm-run beside the repository.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
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

/** Of the guest, not of the test that it runs in: seconds, less than a test file may take. */
const TIME_LIMIT = 280;

/**
 * Boots, runs a test file of the repository as root, and powers off. About 10 s, and 10 times slower than here.
 *
 * @param file from the repository's root
 * @param modules kernel modules to load first; others are loaded when they are needed
 */
export function testInVirtualMachine(
  file: string,
  { modules = [], env = {} }: { modules?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): GuestTests {
  const { NODE_TEST_CONTEXT: _runner, ...inherited } = process.env;
  const variables = Object.entries({ ...env, TMPDIR: "/tmp" }).map(([name, value]) => `${name}=${value}`);
  const { status, stdout, stderr } = spawnSync(
    // Emulation takes all that two processors have: the suites beside this one come first.
    "nice",
    [
      ...["-n", "10", VM_RUN, "-t", String(TIME_LIMIT), "-k", modules.join(" "), "--"],
      // The guest has a /tmp of its own, in which the folder for this run's files is not.
      ...["env", ...variables, process.execPath, "--test", "--test-reporter=tap", file],
    ],
    { cwd: ROOT, env: { ...inherited, OUT: process.env.TMPDIR ?? "/tmp" }, encoding: "utf8" },
  );
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(stdout)?.[1] ?? 0);
  const failed = count("fail") + count("cancelled");
  return {
    passed: count("pass"),
    failed,
    skipped: count("skipped"),
    complaints: status === 0 && failed === 0 ? "" : complaintsIn(stdout) || `${stdout}${stderr}`,
  };
}

/** Every test that failed by itself; those that were cancelled with the suite around them say nothing of why. */
function complaintsIn(tap: string): string {
  const failures = tap.match(/^ *not ok .*\n( *---\n[\s\S]*?^ *\.\.\.$)?/gm) ?? [];
  return failures
    .filter((text) => !/failureType: '(cancelledByParent|subtestsFailed)'/.test(text))
    .join("\n");
}
