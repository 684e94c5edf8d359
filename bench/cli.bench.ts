// How long a command takes from nothing to its answer: the whole process, as installed, against Node.js that does nothing.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../scripts/lib/files.ts";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { installCommandLine } from "./lib/installed.ts";
import { median } from "./lib/stats.ts";

export const description = "causeway network ls, whole process, against node -e 0; beside it Docker's client";

/** Rounds, each with every program once: what disturbs the machine disturbs them all. */
const ROUNDS = 31;
/** Networks that are listed. */
const NETWORKS = 20;

export async function run({ log }: BenchContext): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), "causeway-bench-cli-"));
  const socket = join(directory, "causeway.sock");
  const launcher = await installCommandLine(join(directory, "node_modules"));
  const daemon = startDaemon(directory, socket);
  try {
    await answering(launcher, socket);
    for (let at = 0; at < NETWORKS; at++) milliseconds([launcher, "network", "create", `n${at}`], socket);
    const programs: Record<string, readonly string[]> = {
      bare: [process.execPath, "-e", "0"],
      causeway: [launcher, "network", "ls"],
      ...(hasDocker() && { docker: ["docker", "network", "ls"] }),
    };
    log(`${ROUNDS} rounds of ${Object.keys(programs).join(", ")}`);
    const times = measure(programs, socket);
    const bare = median(times.get("bare") ?? []);
    const ours = median(times.get("causeway") ?? []);
    const docker = times.get("docker");
    return [
      { name: "node -e 0", value: bare, unit: "ms" },
      { name: "causeway network ls", value: ours, unit: "ms" },
      {
        name: "causeway network ls, more than bare Node.js",
        value: ours - bare,
        unit: "ms",
        bar: { atMost: 20 },
      },
      ...(docker === undefined ? [] : [{ name: "docker network ls", value: median(docker), unit: "ms" }]),
    ];
  } finally {
    await end(daemon);
    rmSync(directory, { recursive: true });
  }
}

function measure(programs: Readonly<Record<string, readonly string[]>>, socket: string) {
  const times = new Map(Object.keys(programs).map((name): [string, number[]] => [name, []]));
  // The first round warms caches of files, and does not count.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, words] of Object.entries(programs)) {
      const took = milliseconds(words, socket);
      if (round > 0) times.get(name)?.push(took);
    }
  }
  return times;
}

function milliseconds([command = "", ...args]: readonly string[], socket: string): number {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    CAUSEWAY_HOST: `unix://${socket}`,
    DOCKER_HOST: `unix://${socket}`,
  };
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: "utf8" });
  const took = performance.now() - started;
  const rows = stdout.trimEnd().split("\n").length;
  if (status !== 0 || (args[1] === "ls" && rows <= NETWORKS)) {
    throw new Error(`${command} ${args.join(" ")} ended with ${status} and ${rows} lines: ${stderr}`);
  }
  return took;
}

function hasDocker(): boolean {
  return spawnSync("docker", ["--version"]).status === 0;
}

/** The runner's machine is thrown away: the daemon may do to its network what it likes. */
function startDaemon(directory: string, socket: string): ChildProcess {
  const main = join(ROOT, "packages/cli/src/main.ts");
  const words = ["daemon", "--socket", socket, "--log-level", "error", "--no-default-network"];
  const places = ["--state-dir", join(directory, "state"), "--run-dir", join(directory, "run")];
  return spawn(process.execPath, [main, ...words, ...places], { stdio: ["ignore", "ignore", "inherit"] });
}

async function answering(launcher: string, socket: string): Promise<void> {
  const env = { PATH: process.env.PATH, CAUSEWAY_HOST: `unix://${socket}` };
  for (let tries = 0; spawnSync(launcher, ["version"], { env }).status !== 0; tries++) {
    if (tries > 100) throw new Error("the daemon does not answer");
    await sleep(100);
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null) return;
  const ended = once(daemon, "exit");
  daemon.kill("SIGTERM");
  await ended;
}
