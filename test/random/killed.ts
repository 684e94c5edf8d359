// A child process opens the controller, does a part of the script, and is killed in the middle of it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ControllerOptions } from "@causeway/libnetwork";
import type { Outcome } from "./commands/all.ts";
import type { Operation } from "./commands/command.ts";
import type { Model } from "./model.ts";

/** What the child is told, as JSON on its standard input. */
export interface Errand {
  readonly options: ControllerOptions;
  readonly model: Model;
  readonly outer: readonly string[];
  readonly operations: readonly Operation[];
  /** It kills itself so many turns of the event loop after the last operation began. */
  readonly turns: number;
}

/** Answers the outcomes of the operations whose end was told; of the last one nobody may have heard. */
export async function runAndKill(errand: Errand): Promise<readonly Outcome[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "killed-child.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(JSON.stringify(errand));
  const [told, [status, signal]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (signal !== "SIGKILL") throw new Error(`the child ended with ${status ?? signal}, before it was killed`);
  return told
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Outcome);
}
