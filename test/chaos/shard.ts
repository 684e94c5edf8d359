// A process that does the trials which it is sent, one after the other, and answers with what came of them.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import type { Surveyed } from "./plan.ts";
import { runTrial, survey, type Trial, type Verdict } from "./trial.ts";

export type Errand = { readonly survey: string } | { readonly trial: Trial };

export interface Report {
  readonly surveyed?: Surveyed;
  readonly verdict?: Verdict;
  /** What is not as promised. */
  readonly failure?: string;
}

/** A trial that takes longer hangs, milliseconds. */
const longestTrial = 60_000;
/** The same of finding the points and taking the pictures of a scenario. */
const longestSurvey = 240_000;

/** Does errands in a process of its own; a process that ends over one is replaced. */
export class Shard implements AsyncDisposable {
  #process: ChildProcess | undefined;

  async run(errand: Errand): Promise<Report> {
    this.#process ??= fork(import.meta.filename, {
      env: { ...process.env, NODE_OPTIONS: `--import ${new URL("./preload.ts", import.meta.url).href}` },
      execArgv: [],
    });
    const child = this.#process;
    child.send(errand);
    const abort = new AbortController();
    const longest = "survey" in errand ? longestSurvey : longestTrial;
    const timer = setTimeout(() => abort.abort(), longest);
    try {
      const [answer] = await Promise.race([
        once(child, "message", { signal: abort.signal }),
        once(child, "exit", { signal: abort.signal }).then(([status, signal]) => {
          throw new Error(`the process of the trial ended with ${status ?? signal}`);
        }),
      ]);
      return answer as Report;
    } catch (error) {
      this.#process = undefined;
      child.kill("SIGKILL");
      return { failure: abort.signal.aborted ? `took longer than ${longest} ms` : String(error) };
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  }
}

async function answer(errand: Errand): Promise<Report> {
  try {
    if ("survey" in errand)
      return { surveyed: { scenario: errand.survey, points: await survey(errand.survey) } };
    return { verdict: await runTrial(errand.trial) };
  } catch (error) {
    return { failure: textOf(error) };
  }
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError) return [error.message, ...error.errors.map(textOf)].join("\n");
  return error instanceof Error ? `${error.stack ?? error.message}` : String(error);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const unhandled: string[] = [];
  process.on("unhandledRejection", (error) => void unhandled.push(textOf(error)));
  process.on("message", async (errand: Errand) => {
    const report = await answer(errand);
    await new Promise(setImmediate);
    const strays = unhandled.splice(0);
    process.send?.(
      strays.length === 0 ? report : { ...report, failure: `nobody handled: ${strays.join("\n")}` },
    );
  });
}
