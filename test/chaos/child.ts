// The process that is killed: opens a state that is there, takes a scenario's step, and says so when it was acknowledged.
//
//   node --import ./preload.ts child.ts JSON

import { writeSync } from "node:fs";
import type { ControllerOptions } from "@causeway/libnetwork";
import { Signals, type Strike } from "./guard.ts";
import { namesTakenUp } from "./names.ts";
import { guardThreads } from "./preload.ts";
import { scenarioNamed } from "./scenarios.ts";
import { ForeignSite } from "./site.ts";

export interface ChildOrder {
  readonly scenario: string;
  readonly directory: string;
  readonly options: ControllerOptions;
  readonly strike: Strike;
  /** The step opens the controller: see scenarios.ts. */
  readonly opens: boolean;
}

/** On standard output, when the step was acknowledged. */
export const acknowledgement = "acknowledged\n";

if (import.meta.main) {
  const order = JSON.parse(process.argv[2] ?? "") as ChildOrder;
  const signals = new Signals();
  guardThreads(order.strike, signals);
  using site = new ForeignSite(order.directory, order.options);
  if (!order.opens) await namesTakenUp(await site.start());
  signals.awake = true;
  await scenarioNamed(order.scenario).step(site);
  writeSync(1, acknowledgement);
  await site.stop();
  signals.awake = false;
}
