// Playing a scenario's step in a process of its own, which may be killed at it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { TestHost } from "../support/host.ts";
import { acknowledgement, type ChildOrder } from "./child.ts";
import type { Strike } from "./guard.ts";
import type { Scenario } from "./scenarios.ts";

export interface ChildOutcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly acknowledged: boolean;
  readonly errors: string;
}

export async function playInChild(host: TestHost, scenario: Scenario, strike: Strike): Promise<ChildOutcome> {
  const order: ChildOrder = {
    scenario: scenario.name,
    directory: host.directory,
    options: host.options,
    strike,
    opens: scenario.opens ?? false,
  };
  const file = (name: string) => new URL(`./${name}`, import.meta.url).href;
  const child = spawn(
    process.execPath,
    [new URL("./child.ts", import.meta.url).pathname, JSON.stringify(order)],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_OPTIONS: `--import ${file("preload.ts")}` },
    },
  );
  const [[status, signal], printed, errors] = await Promise.all([
    once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status, signal, acknowledged: printed.includes(acknowledgement), errors };
}
