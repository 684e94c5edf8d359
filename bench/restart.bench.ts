// A controller opens a state that stands: how long until it has taken everything over, after a close and after a kill.
//
// The start of the process is no part of it: it opens in this one. What it opens was made by itself, or by a process that was killed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { NetworkController } from "@causeway/libnetwork";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { BenchHost } from "./lib/host.ts";
import { populate } from "./lib/population.ts";
import { median } from "./lib/stats.ts";

export const description =
  "open with 100 networks and sandboxes, and with 250, 500 and 1,000 endpoints on 10 networks";

const ROUNDS = 7;
const HOLDER = join(import.meta.dirname, "lib/restart-holder.ts");

/** Milliseconds: what passed, and what this process was given of the processors. Others' load is in the one alone. */
interface Taken {
  readonly wall: number;
  readonly processor: number;
}

export async function run({ log }: BenchContext): Promise<Figure[]> {
  const closed = await measure(100, 100, log);
  const killed = await measureKilled(100, 100, log);
  const quarter = await measure(10, 250, log);
  const half = await measure(10, 500, log);
  const all = await measure(10, 1000, log);
  return [
    { ...milliseconds("100 networks, 100 sandboxes, after a close", closed), bar: { atMost: 250 } },
    { ...milliseconds("100 networks, 100 sandboxes, after a kill", killed), bar: { atMost: 250 } },
    milliseconds("10 networks, 250 endpoints", quarter),
    milliseconds("10 networks, 500 endpoints", half),
    { ...milliseconds("10 networks, 1,000 endpoints", all), bar: { atMost: 1500 } },
    { name: "their processor time", value: all.processor, unit: "ms" },
    // Four times as many take four times as long, or less: what is there once is shared.
    {
      name: "1,000 endpoints to 250, processor time",
      value: all.processor / quarter.processor,
      unit: "x",
      bar: { atMost: 4.4 },
    },
  ];
}

function milliseconds(name: string, { wall }: Taken): Figure {
  return { name, value: wall, unit: "ms" };
}

type Log = BenchContext["log"];

async function measure(networks: number, endpoints: number, log: Log): Promise<Taken> {
  await using host = await BenchHost.open({ defaultNetwork: false });
  await populate(host.controller, networks, endpoints);
  const rounds: Taken[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await host.reopen(async (open) => {
      rounds.push(await timed(open));
    });
  }
  return summed(`${networks} networks, ${endpoints} endpoints`, rounds, log);
}

/** Each kill takes a state of its own. */
async function measureKilled(networks: number, endpoints: number, log: Log): Promise<Taken> {
  const rounds: Taken[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await using host = await BenchHost.open({ defaultNetwork: false });
    await host.reopen(async (open) => {
      const holder = spawn(
        process.execPath,
        [HOLDER, JSON.stringify(host.options), String(networks), String(endpoints)],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      await once(holder.stdout, "data");
      const closed = once(holder, "close");
      holder.kill("SIGKILL");
      await closed;
      rounds.push(await timed(open));
    });
  }
  return summed("killed", rounds, log);
}

function summed(what: string, rounds: readonly Taken[], log: Log): Taken {
  const walls = rounds.map(({ wall }) => wall);
  log(`${what}: ${walls.map(Math.round).join(" ")} ms`);
  return { wall: median(walls), processor: median(rounds.map(({ processor }) => processor)) };
}

async function timed(open: () => Promise<NetworkController>): Promise<Taken> {
  const before = process.cpuUsage();
  const begin = performance.now();
  const { problems } = await open();
  const wall = performance.now() - begin;
  const { user, system } = process.cpuUsage(before);
  if (problems.length > 0)
    throw new Error(`not all was taken up: ${problems.map(({ error }) => error).join()}`);
  return { wall, processor: (user + system) / 1000 };
}
