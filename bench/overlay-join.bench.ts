// How soon a sandbox on one host reaches one that has just joined on another.

import type { BenchContext, Figure } from "./lib/bench.ts";
import { BenchCluster, openNamespace } from "./lib/cluster.ts";
import { answers } from "./lib/probe.ts";
import { median, percentile } from "./lib/stats.ts";

export const description = "from join() on one host to the first answer to a sandbox of another host";

const JOINS = 300;
/** A first packet that is lost is sent again after a second: it counts. */
const PATIENCE_MS = 5000;

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using cluster = await BenchCluster.open(2);
  const [a, b] = cluster.hosts;
  const [onA, onB] = await cluster.newNetwork("bench", "10.77.0.0/16");
  if (a === undefined || b === undefined || onA === undefined || onB === undefined)
    throw new Error("there are two hosts");
  const watcher = await b.controller.attach(onB, { containerId: "watcher" });
  // The segment of the first endpoint stays.
  await a.controller.attach(onA, { containerId: "resident" });
  using from = openNamespace(watcher.sandbox);
  const [until, joins]: [number[], number[]] = [[], []];
  let lost = 0;
  for (let number = 0; number < JOINS; number++) {
    const sandbox = await a.controller.newSandbox(`c${number}`);
    const endpoint = await onA.createEndpoint(`e${number}`);
    const began = performance.now();
    await endpoint.join(sandbox);
    const joined = performance.now();
    const address = endpoint.info().ipv4?.split("/")[0] ?? "";
    if (await answers(from, address, PATIENCE_MS)) until.push(performance.now() - joined);
    else lost++;
    joins.push(joined - began);
    await sandbox.delete({ endpoints: "delete" });
    if (number % 100 === 99) log(`${number + 1} of ${JOINS} joins`);
  }
  return [
    { name: "join(), p50", value: median(joins), unit: "ms" },
    { name: "until the first answer, p50", value: median(until), unit: "ms", bar: { atMost: 20 } },
    { name: "until the first answer, p99", value: percentile(until, 0.99), unit: "ms", bar: { atMost: 100 } },
    { name: "never answered", value: lost, unit: "", bar: { atMost: 0 } },
  ];
}
