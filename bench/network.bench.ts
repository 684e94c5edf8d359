// A network comes and goes: newNetwork and delete, until it is out of use.

import { link } from "@causeway/kernel";
import type { Figure } from "./lib/bench.ts";
import { BenchHost } from "./lib/host.ts";
import { median } from "./lib/stats.ts";

export const description = "newNetwork + delete, together, until the network is out of use";

const ROUNDS = 50;
const SUBNETS = { IPv4: ["10.44.0.0/16"], "dual stack": ["10.44.0.0/16", "fd44::/64"] } as const;

export async function run(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [families, subnets] of Object.entries(SUBNETS)) {
    const { made, deleted } = await measure(subnets);
    figures.push(
      { name: `newNetwork, ${families}`, value: median(made), unit: "ms" },
      { name: `delete, ${families}`, value: median(deleted), unit: "ms" },
      {
        name: `together, ${families}`,
        value: median(made.map((time, round) => time + (deleted[round] ?? Number.NaN))),
        unit: "ms",
        bar: { atMost: 10 },
      },
    );
  }
  return figures;
}

/** Milliseconds of each round. */
async function measure(subnets: readonly string[]): Promise<{ made: number[]; deleted: number[] }> {
  await using host = await BenchHost.open();
  const options = { ipam: { config: subnets.map((subnet) => ({ subnet })) } };
  const made: number[] = [];
  const deleted: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const network = await host.controller.newNetwork("bridge", `network${round}`, options);
    const between = performance.now();
    await network.delete();
    deleted.push(performance.now() - between);
    made.push(between - start);
    expectOutOfUse(host);
  }
  return { made, deleted };
}

/** A deleted network's bridge may still be waiting for the reaper, but it is down: nothing goes through it. */
function expectOutOfUse({ rtnl }: BenchHost): void {
  const inUse = rtnl
    .dump(link.list({ kind: "bridge" }))
    .filter((bridge) => bridge.name.startsWith("br-") && link.isUp(bridge));
  if (inUse.length > 0) throw new Error(`bridge ${inUse[0]?.name} of a deleted network is up`);
}
