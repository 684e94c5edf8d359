// npm run chaos: every call fails once with each plausible error, and the process is killed before and after each.

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runInThrowAwayMachine } from "../../scripts/lib/throwaway.ts";
import { failures, kills, type Surveyed, sample, trialText } from "./plan.ts";
import { scenarios } from "./scenarios.ts";
import { set } from "./setting.ts";
import { type Report, Shard } from "./shard.ts";
import type { Trial } from "./trial.ts";

const usage = `npm run chaos [-- OPTION...]

  --failures=all|N    trials in which a call fails: all of them (default), or so many
  --one-error         at each call one of its errors, drawn by the seed, instead of every one
  --kills=all|N       trials in which the process is killed: all of them (default), or so many
  --seed=N            which ones, where not all are done (default: by the hour)
  --scenario=NAME     of this scenario only; may be given several times
  --only=TEXT         only trials whose description, as a failure prints it, contains this
  --without-resolver  no sandbox is answered when it asks for names: a trial takes half of the time
  --list              prints the trials and does none
  --json              prints the counts as JSON at the end
  --help              this`;

const { values } = parseArgs({
  options: {
    failures: { type: "string", default: "all" },
    "one-error": { type: "boolean", default: false },
    kills: { type: "string", default: "all" },
    seed: { type: "string", default: String(Math.floor(Date.now() / 3_600_000)) },
    scenario: { type: "string", multiple: true },
    only: { type: "string" },
    "without-resolver": { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    inside: { type: "boolean", default: false },
  },
});

interface Counts {
  scenarios: number;
  points: number;
  trials: number;
  struck: number;
  acknowledged: number;
  /** Broke a promise, and again when the trial was done again with nothing beside it. */
  broken: number;
  /** Broke a promise once only: the machine was too busy for it, or two threads met as they rarely do. */
  once: number;
}

if (values.help) {
  console.log(usage);
} else if (values.inside) {
  await runAll();
} else {
  const command = [process.execPath, import.meta.filename, ...process.argv.slice(2), "--inside"];
  const { status, strays } = await runInThrowAwayMachine(command);
  for (const { pid, command: left } of strays) console.error(`LEFT BEHIND: process ${pid} (killed): ${left}`);
  process.exitCode = status !== 0 ? status : strays.length > 0 ? 1 : 0;
}

async function runAll(): Promise<void> {
  const shared = mkdtempSync(join(tmpdir(), "causeway-chaos-"));
  // Each trial starts several threads: what the first has compiled, the others read.
  process.env.NODE_COMPILE_CACHE = join(shared, "compiled");
  set({ albums: shared, resolver: !values["without-resolver"] });
  const names = values.scenario ?? scenarios.map(({ name }) => name);
  const shards = Array.from({ length: 2 * availableParallelism() }, () => new Shard());
  const surveys: Surveyed[] = [];
  await spread(shards, names, async (shard, name) => {
    const { surveyed, failure } = await shard.run({ survey: name });
    if (surveyed === undefined) throw new Error(`${name} cannot be surveyed: ${failure}`);
    surveys.push(surveyed);
  });
  // In any order until now: a seed is to draw the same ones.
  surveys.sort((a, b) => a.scenario.localeCompare(b.scenario));
  const chosen = (trials: readonly Trial[], wanted: string) => {
    const matching = trials.filter(
      (trial) => values.only === undefined || trialText(trial).includes(values.only),
    );
    // In any order: what is broken shows early.
    return sample(matching, wanted === "all" ? matching.length : Number(wanted), Number(values.seed));
  };
  const failing = failures(surveys, values["one-error"] ? Number(values.seed) : undefined);
  const trials = [...chosen(failing, values.failures), ...chosen(kills(surveys), values.kills)];
  const points = surveys.reduce((sum, survey) => sum + survey.points.length, 0);
  console.log(`${surveys.length} scenarios, ${points} points, ${trials.length} trials, seed ${values.seed}`);
  if (values.list) {
    for (const trial of trials) console.log(trialText(trial));
  } else {
    const counts: Counts = {
      scenarios: surveys.length,
      points,
      trials: 0,
      struck: 0,
      acknowledged: 0,
      broken: 0,
      once: 0,
    };
    const suspects: Trial[] = [];
    await spread(shards, trials, async (shard, trial) => {
      const report = await shard.run({ trial });
      count(counts, report);
      if (report.failure !== undefined) {
        suspects.push(trial);
        console.error(`to be done again: ${trialText(trial)}\n${indented(report.failure)}`);
      }
      if (counts.trials % 100 === 0)
        console.error(`${counts.trials} trials, ${suspects.length} to be done again`);
    });
    await spread(shards.slice(0, 1), suspects, async (shard, trial) => {
      const { failure } = await shard.run({ trial });
      if (failure === undefined) counts.once++;
      else counts.broken++;
      const what = failure === undefined ? "ONCE ONLY" : "BROKEN";
      const reason = failure === undefined ? "" : `\n${indented(failure)}`;
      console.log(`${what} ${trialText(trial)}${reason}\n    again: ${commandOf(trial)}`);
    });
    console.log(values.json ? JSON.stringify(counts) : countsText(counts));
    if (counts.broken > 0 || counts.trials === 0) process.exitCode = 1;
  }
  for (const shard of shards) await shard[Symbol.asyncDispose]();
  rmSync(shared, { recursive: true });
}

/** Gives every shard the next item as soon as it is free. */
async function spread<T>(
  shards: readonly Shard[],
  items: readonly T[],
  work: (shard: Shard, item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items].reverse();
  await Promise.all(
    shards.map(async (shard) => {
      for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(shard, item);
    }),
  );
}

function count(counts: Counts, { verdict }: Report): void {
  counts.trials++;
  if (verdict?.struck === true) counts.struck++;
  if (verdict?.acknowledged === true) counts.acknowledged++;
}

function indented(text: string): string {
  return text.replace(/^/gm, "    ");
}

/** For a shell. */
function commandOf(trial: Trial): string {
  const text = trialText(trial).replaceAll("'", "'\\''");
  const options = values["without-resolver"] ? " --without-resolver" : "";
  return `npm run chaos --${options} --scenario=${trial.scenario} --only='${text}'`;
}

function countsText({ trials, struck, acknowledged, broken, once }: Counts): string {
  return `${trials} trials: ${struck} struck, ${acknowledged} acknowledged in spite of it; ${broken} broke a promise, ${once} once only`;
}
