// A process of its own for dns-scale.bench.ts: `node dns-holder.ts on|off SANDBOXES NAMES` attaches them, each with so many names, and
// prints its resident set and, where the resolver is on, how many questions a second it answers.

import { setTimeout as sleep } from "node:timers/promises";
import type { Network } from "@causeway/libnetwork";
import { load } from "./dns.ts";
import { BenchHost } from "./host.ts";

export interface DnsReport {
  /** Resident set with two sandboxes, and with all; bytes. */
  readonly empty: number;
  readonly full: number;
  /** Answers a second with two sandboxes, and with all: none where the resolver is off. */
  readonly few: readonly number[];
  readonly many: readonly number[];
  readonly lost: number;
}

const ROUNDS = 5;
/** Milliseconds until what was made on the way is gone. */
const LATER = 5000;

const [, , resolver, sandboxes, names] = process.argv;
await using host = await BenchHost.open({ resolver: resolver === "on" });
const { controller } = host;
const network = await controller.newNetwork("bridge", "bench", {
  ipam: { config: [{ subnet: "10.44.0.0/16" }] },
});
const known: string[] = [];
const asker = await attach(network);
await attach(network);
const first = await measure();
while (known.length < Number(sandboxes) * Number(names)) await attach(network);
const all = await measure();
const report: DnsReport = {
  empty: first.memory,
  full: all.memory,
  few: first.rates,
  many: all.rates,
  lost: first.lost + all.lost,
};
process.stdout.write(JSON.stringify(report));

async function attach(to: Network) {
  const containerId = `container${known.length}`;
  const aliases = Array.from({ length: Number(names) - 1 }, (_, index) => `${containerId}-${index}`);
  known.push(containerId, ...aliases);
  const { sandbox } = await controller.attach(to, { containerId, endpoint: { aliases } });
  return sandbox;
}

/** What is kept for the names that were asked for counts as memory. */
async function measure() {
  const loads = [];
  const place = { netns: asker.netnsPath, names: known };
  for (let round = 0; resolver === "on" && round < ROUNDS; round++) loads.push(await load(place));
  await sleep(LATER);
  const memory = process.memoryUsage.rss();
  return {
    memory,
    rates: loads.map(({ rate }) => rate),
    lost: loads.reduce((sum, { lost }) => sum + lost, 0),
  };
}
