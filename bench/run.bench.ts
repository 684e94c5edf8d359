// What a network costs at the start of a container: `causeway run` against runc alone, whole processes; and the OCI hook's own time.

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { BenchDaemon } from "./lib/daemon.ts";
import { installCommandLine } from "./lib/installed.ts";
import { median } from "./lib/stats.ts";

export const description =
  "causeway run against runc run of the same bundle without network; causeway oci-hook";

/** Rounds, each with every program once: what disturbs the machine disturbs them all. */
const ROUNDS = 31;
const busybox = "/bin/busybox";

export async function run({ log }: BenchContext): Promise<Figure[]> {
  if (spawnSync("runc", ["--version"]).status !== 0 || !existsSync(busybox))
    throw new Error("runc and busybox are needed: sh scripts/setup peers installs them");
  const directory = mkdtempSync(join(tmpdir(), "causeway-bench-run-"));
  try {
    const launcher = await installCommandLine(join(directory, "node_modules"));
    const bundle = makeBundle(join(directory, "bundle"));
    await using daemon = await BenchDaemon.start();
    const env = { PATH: process.env.PATH, CAUSEWAY_HOST: `unix://${daemon.socket}` };
    const ended = JSON.stringify({ ociVersion: "1.0.2", id: "nobody", status: "stopped", bundle });
    const programs: Readonly<Record<string, readonly string[]>> = {
      bare: [process.execPath, "-e", "0"],
      hook: [launcher, "oci-hook"],
      runc: ["runc", "--root", join(directory, "state"), "run", "--bundle", bundle, "bench"],
      causeway: [launcher, "run", "--rm", "--bundle", bundle],
    };
    log(`${ROUNDS} rounds of ${Object.keys(programs).join(", ")}`);
    const times = new Map(Object.keys(programs).map((name): [string, number[]] => [name, []]));
    // The first round warms caches of files, and does not count.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, words] of Object.entries(programs)) {
        const took = milliseconds(words, env, name === "hook" ? ended : "");
        if (round > 0) times.get(name)?.push(took);
      }
    }
    const of = (name: string) => median(times.get(name) ?? []);
    return [
      { name: "node -e 0", value: of("bare"), unit: "ms" },
      { name: "runc run, without network", value: of("runc"), unit: "ms" },
      { name: "causeway run --rm", value: of("causeway"), unit: "ms" },
      {
        name: "causeway run --rm, more than runc run",
        value: of("causeway") - of("runc"),
        unit: "ms",
        bar: { atMost: 60 },
      },
      {
        name: "causeway oci-hook, more than bare Node.js",
        value: of("hook") - of("bare"),
        unit: "ms",
        bar: { atMost: 40 },
      },
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function milliseconds(
  [command = "", ...words]: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string,
): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, words, { env, input, encoding: "utf8" });
  const took = performance.now() - started;
  if (status !== 0) throw new Error(`${command} ${words.join(" ")} ended with ${status}: ${stderr}`);
  return took;
}

/** As `runc spec` writes it, in short: a namespace of each kind, the network's without anything in it. */
function makeBundle(bundle: string): string {
  const rootfs = join(bundle, "rootfs");
  for (const folder of ["bin", "dev", "etc", "proc", "sys"])
    mkdirSync(join(rootfs, folder), { recursive: true });
  copyFileSync(busybox, join(rootfs, "bin/busybox"));
  symlinkSync("busybox", join(rootfs, "bin/true"));
  const config = {
    ociVersion: "1.0.2",
    process: { args: ["true"], cwd: "/", env: ["PATH=/bin"], user: { uid: 0, gid: 0 } },
    root: { path: "rootfs" },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=65536k"] },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
    ],
    linux: { namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })) },
  };
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  return bundle;
}
