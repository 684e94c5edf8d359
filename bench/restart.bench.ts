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

export async function run({ log }: BenchContext): Promise<Figure[]> {
  const hundred = await measure(100, 100, log);
  const killed = await measureKilled(100, 100, log);
  const sizes: [number, number][] = [];
  for (const endpoints of [250, 500, 1000]) sizes.push([endpoints, await measure(10, endpoints, log)]);
  const [[, quarter], , [, thousand]] = sizes as [[number, number], [number, number], [number, number]];
  return [
    { name: "100 networks, 100 sandboxes, after a close", value: hundred, unit: "ms", bar: { atMost: 250 } },
    { name: "100 networks, 100 sandboxes, after a kill", value: killed, unit: "ms", bar: { atMost: 250 } },
    ...sizes.map(([endpoints, value]) => ({
      name: `10 networks, ${endpoints} endpoints`,
      value,
      unit: "ms",
      ...(endpoints === 1000 ? { bar: { atMost: 1500 } } : {}),
    })),
    // Four times as many cost four times as much, or less: what stands once is shared.
    { name: "1,000 endpoints to 250", value: thousand / quarter, unit: "x", bar: { atMost: 4.4 } },
  ];
}

type Log = BenchContext["log"];

async function measure(networks: number, endpoints: number, log: Log): Promise<number> {
  await using host = await BenchHost.open({ defaultNetwork: false });
  await populate(host.controller, networks, endpoints);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await host.reopen(async (open) => {
      times.push(await timed(open));
    });
  }
  log(`${networks} networks, ${endpoints} endpoints: ${times.map(Math.round).join(" ")} ms`);
  return median(times);
}

/** As often as it takes, for each kill is a state made anew. */
async function measureKilled(networks: number, endpoints: number, log: Log): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    await using host = await BenchHost.open({ defaultNetwork: false });
    await host.reopen(async (open) => {
      const holder = spawn(
        process.execPath,
        [HOLDER, JSON.stringify(host.options), String(networks), String(endpoints)],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      await once(holder.stdout, "data");
      holder.kill("SIGKILL");
      await once(holder, "close");
      times.push(await timed(open));
    });
  }
  log(`killed: ${times.map(Math.round).join(" ")} ms`);
  return median(times);
}

async function timed(open: () => Promise<NetworkController>): Promise<number> {
  const begin = performance.now();
  const { problems } = await open();
  const time = performance.now() - begin;
  if (problems.length > 0)
    throw new Error(`not all was taken up: ${problems.map(({ error }) => error).join()}`);
  return time;
}
