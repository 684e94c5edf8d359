// The process that is killed: killed.ts.

import { writeSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { NetworkController } from "@causeway/libnetwork";
import { perform } from "./commands/all.ts";
import { Hands } from "./commands/command.ts";
import type { Errand } from "./killed.ts";

const { options, model, outer, operations, turns } = JSON.parse(await text(process.stdin)) as Errand;
const hands = new Hands(await NetworkController.open(options), model, outer);
for (const [at, operation] of operations.entries()) {
  if (at === operations.length - 1) void killSoon();
  writeSync(1, `${JSON.stringify(await perform(hands, operation))}\n`);
}
await killSoon();

async function killSoon(): Promise<void> {
  for (let left = turns; left > 0; left--) await turn();
  process.kill(process.pid, "SIGKILL");
}
