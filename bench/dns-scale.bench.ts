// Many sandboxes with many names: questions a second, and what a sandbox with its resolver takes in memory.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BenchContext, Figure } from "./lib/bench.ts";
import type { DnsReport } from "./lib/dns-holder.ts";
import { median } from "./lib/stats.ts";

export const description =
  "questions a second among 1,000 sandboxes with 10,000 names, and memory of each sandbox";

const SANDBOXES = 1000;
const NAMES_EACH = 10;
const HOLDER = join(import.meta.dirname, "lib/dns-holder.ts");
/** Without Node's type stripper in memory. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(import.meta.dirname, ".cache/compiled") };

export async function run({ log }: BenchContext): Promise<Figure[]> {
  // Fills the compile cache.
  await hold("on", 2);
  log("with the resolver");
  const on = await hold("on", SANDBOXES);
  log("without");
  const off = await hold("off", SANDBOXES);
  const [few, many] = [median(on.few), median(on.many)];
  const grown = ({ empty, full }: DnsReport) => (full - empty) / SANDBOXES / 1000;
  return [
    { name: "2 sandboxes, 20 names", value: few, unit: "1/s" },
    { name: "1,000 sandboxes, 10,000 names", value: many, unit: "1/s" },
    { name: "1,000 sandboxes / 2", value: many / few, unit: "x", bar: { atLeast: 0.9 } },
    { name: "lost", value: on.lost, unit: "", bar: { atMost: 0 } },
    { name: "each sandbox, with the resolver", value: grown(on), unit: "kB" },
    { name: "each sandbox, without", value: grown(off), unit: "kB" },
    { name: "the resolver of each", value: grown(on) - grown(off), unit: "kB", bar: { atMost: 50 } },
  ];
}

async function hold(resolver: "on" | "off", sandboxes: number): Promise<DnsReport> {
  const args = [HOLDER, resolver, String(sandboxes), String(NAMES_EACH)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout) as DnsReport;
}
