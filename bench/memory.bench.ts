// What a controller holds in memory with many endpoints attached, in a process that does nothing else.
//
// Two ways: from TypeScript, where Node's type stripper is in memory too (29 MB of WebAssembly), and with Node's compile
// cache, as from the JavaScript of a release.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Figure } from "./lib/bench.ts";
import type { MemoryReport } from "./lib/memory-holder.ts";

export const description =
  "resident set of a process that holds a controller, with no and with 1,000 endpoints attached";

const ENDPOINTS = 1000;
const HOLDER = join(import.meta.dirname, "lib/memory-holder.ts");
const CACHE = join(import.meta.dirname, ".cache/compiled");

export async function run(): Promise<Figure[]> {
  await hold(0, { NODE_COMPILE_CACHE: CACHE });
  const compiled = await hold(ENDPOINTS, { NODE_COMPILE_CACHE: CACHE });
  const stripped = await hold(ENDPOINTS, {});
  return [
    megabytes("controller open", compiled.empty),
    { ...megabytes("1,000 endpoints attached", compiled.full), bar: { atMost: 120 } },
    { ...megabytes("1,000 endpoints, ten seconds later", compiled.settled), bar: { atMost: 120 } },
    { name: "each endpoint", value: (compiled.full - compiled.empty) / ENDPOINTS / 1024, unit: "KB" },
    megabytes("from TypeScript, controller open", stripped.empty),
    megabytes("from TypeScript, 1,000 endpoints", stripped.full),
  ];
}

async function hold(endpoints: number, environment: NodeJS.ProcessEnv): Promise<MemoryReport> {
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [HOLDER, String(endpoints)], { env });
  return JSON.parse(stdout) as MemoryReport;
}

function megabytes(name: string, bytes: number): Figure {
  return { name, value: bytes / 1024 / 1024, unit: "MB" };
}
