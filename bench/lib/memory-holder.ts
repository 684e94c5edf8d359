// A process of its own for memory.bench.ts: `node memory-holder.ts ENDPOINTS` attaches them and prints its resident set.

import { setTimeout as sleep } from "node:timers/promises";
import { BenchHost } from "./host.ts";

/** Resident set, bytes. */
export interface MemoryReport {
  /** With the controller open and a network made. */
  readonly empty: number;
  /** With every endpoint attached. */
  readonly full: number;
  /** Later, when nothing has happened any more. */
  readonly settled: number;
}

/** Milliseconds until it is looked at again. */
const LATER = 10_000;

const endpoints = Number(process.argv[2]);
await using host = await BenchHost.open();
const ipam = { config: [{ subnet: "10.44.0.0/16" }, { subnet: "fd44::/64" }] };
const network = await host.controller.newNetwork("bridge", "bench", { ipam });
const empty = process.memoryUsage.rss();
for (let i = 0; i < endpoints; i++) await host.controller.attach(network, { containerId: `container${i}` });
const full = process.memoryUsage.rss();
await sleep(LATER);
const settled = process.memoryUsage.rss();
process.stdout.write(JSON.stringify({ empty, full, settled } satisfies MemoryReport));
