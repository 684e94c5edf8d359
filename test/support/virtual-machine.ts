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

export interface MachineRun {
  readonly status: number | null;
  /** What the command printed on both streams. */
  readonly output: string;
}

/**
 * Boots, runs a command of the repository's root as root, and powers off. About 10 s, and 10 times slower than here.
 *
 * @param modules kernel modules to load first; others are loaded when they are needed
 */
export function runInVirtualMachine(
  command: readonly string[],
  { modules = [], env = {} }: { modules?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): MachineRun {
  const { NODE_TEST_CONTEXT: _runner, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(
    VM_RUN,
    ["-t", "280", "-k", modules.join(" "), "--", ...command],
    { cwd: ROOT, env: { ...inherited, ...env, OUT: process.env.TMPDIR ?? "/tmp" }, encoding: "utf8" },
  );
  return { status, output: `${stdout}${stderr}` };
}
