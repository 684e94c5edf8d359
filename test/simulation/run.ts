// Makes a cluster of simulated hosts over a real etcd, and tells how long it took and whether every host's tables are right: started by
// scripts/simulate.ts, with the options below. See README.md.

import { parseArgs } from "node:util";
import type { Figure } from "../../bench/lib/bench.ts";
import { simulate } from "./story.ts";

const number = (byDefault: number) => ({ type: "string" as const, default: String(byDefault) });
const { values } = parseArgs({
  options: {
    hosts: number(1000),
    networks: number(500),
    "networks-per-host": number(5),
    "endpoints-per-host": number(50),
    processes: number(8),
    json: { type: "boolean", default: false },
  },
});

const figures = await simulate(
  {
    hosts: count("hosts"),
    networks: count("networks"),
    networksPerHost: count("networks-per-host"),
    endpointsPerHost: count("endpoints-per-host"),
    processes: count("processes"),
  },
  (message) => process.stderr.write(`${message}\n`),
);
if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
else for (const { name, value, unit } of figures) process.stdout.write(`${line(name, value, unit)}\n`);
if (figures.some(isBroken)) process.exitCode = 1;

function count(
  name: "hosts" | "networks" | "networks-per-host" | "endpoints-per-host" | "processes",
): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value > 0) return value;
  process.stderr.write(`--${name}=${values[name]}: give a number from 1\n`);
  process.exit(2);
}

function line(name: string, value: number, unit: string): string {
  return `  ${name.padEnd(52)}${Number(value.toPrecision(4)).toLocaleString("en")} ${unit}`;
}

function isBroken({ value, bar }: Figure): boolean {
  return bar !== undefined && "atMost" in bar && value > bar.atMost;
}
