// One trial: a scenario is played while something strikes, and what is left is judged.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestHost } from "../support/host.ts";
import { type Album, albumOf, assertShows, onHost, prepare } from "./album.ts";
import { playInChild } from "./child-process.ts";
import { type Point, Signals, type Strike } from "./guard.ts";
import { namesTakenUp, proveNames } from "./names.ts";
import { guardThreads, unguardThreads } from "./preload.ts";
import { provePackets } from "./proof.ts";
import { type Scenario, scenarioNamed } from "./scenarios.ts";

export interface Trial {
  readonly scenario: string;
  readonly strike: Strike;
}

export interface Verdict {
  /** The point was crossed. Otherwise the step was played as ever, and judged all the same. */
  readonly struck: boolean;
  /** The step was acknowledged in spite of it. */
  readonly acknowledged: boolean;
}

/** @throws Error that says what is not as promised */
export async function runTrial({ scenario: name, strike }: Trial): Promise<Verdict> {
  const scenario = scenarioNamed(name);
  const album = await albumOf(scenario);
  return onHost(async (host) => {
    await prepare(host, scenario);
    const verdict =
      strike.kind === "kill" ? await kill(host, scenario, strike) : await fail(host, scenario, album, strike);
    await judge(host, scenario, album, verdict);
    return verdict;
  }, isCleared(strike));
}

/** After every kill, and after one failure in eight, everything is deleted: pictures show what is left, too. */
function isCleared(strike: Strike): boolean {
  if (strike.kind !== "fail") return true;
  const text = JSON.stringify(strike);
  return [...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 8 === 0;
}

/** All points of a scenario, from its step to the controller's close, in the order of their crossing. Its pictures are taken on the way. */
export async function survey(name: string): Promise<readonly Point[]> {
  const scenario = scenarioNamed(name);
  await albumOf(scenario);
  return onHost(async (host) => {
    await prepare(host, scenario);
    const file = join(host.directory, "points");
    const { status, errors } = await playInChild(host, scenario, { kind: "record", file });
    if (status !== 0) throw new Error(`${name} fails without being struck: ${errors}`);
    const points = readFileSync(file, "utf8").trim().split("\n");
    rmSync(file);
    await host.start();
    return points.map((line) => JSON.parse(line) as Point);
  });
}

/** A call fails, and the process lives on: what is shown must be right at once, and not only after another start. */
async function fail(host: TestHost, scenario: Scenario, album: Album, strike: Strike): Promise<Verdict> {
  const signals = new Signals();
  let failures: readonly unknown[] = [];
  try {
    guardThreads(strike, signals);
    if (scenario.opens !== true) await namesTakenUp(await host.start());
    signals.awake = true;
    failures = await outcome(() => scenario.step(host));
    if (signals.struck && scenario.opens !== true && scenario.closes !== true) {
      signals.awake = false;
      if (scenario.mends === true) await scenario.step(host);
      const states = allowedStates(album, failures.length === 0 || scenario.mends === true);
      await assertShows(host, states, "with the controller that met the failure");
    }
    failures = [...failures, ...(await outcome(() => host.stop()))];
  } finally {
    signals.awake = false;
    unguardThreads();
  }
  for (const failure of failures) refuseVagueness(failure);
  return { struck: signals.struck, acknowledged: failures.length === 0 };
}

async function kill(host: TestHost, scenario: Scenario, strike: Strike): Promise<Verdict> {
  const { status, signal, acknowledged, errors } = await playInChild(host, scenario, strike);
  const struck = signal === "SIGKILL";
  if (!struck && status !== 0) throw new Error(`the process that was to be killed failed: ${errors}`);
  return { struck, acknowledged };
}

function allowedStates(
  { before, after, between }: Album,
  acknowledged: boolean,
): readonly (readonly string[])[] {
  return acknowledged ? [after] : [before, after, ...between];
}

/** What another controller makes of it, which is then asked for the same step again. */
async function judge(
  host: TestHost,
  scenario: Scenario,
  album: Album,
  { acknowledged }: Verdict,
): Promise<void> {
  if (scenario.opens === true) await scenario.step(host);
  else await host.start();
  const { problems } = host.controller;
  if (problems.length > 0)
    throw new Error(`not taken up: ${problems.map(({ error }) => String(error)).join("; ")}`);
  // What opens is repeated by now; what closes is undone by it.
  const states =
    scenario.opens === true
      ? [album.after]
      : scenario.closes === true
        ? [album.before]
        : allowedStates(album, acknowledged);
  const shown = await assertShows(host, states, "after another start");
  if (shown === album.before && scenario.opens !== true) {
    await scenario.step(host);
    await assertShows(host, [album.after], "after the step was repeated");
  }
  if (scenario.closes === true) await host.start();
  await provePackets(host);
  proveNames(host);
}

async function outcome(action: () => unknown): Promise<readonly unknown[]> {
  try {
    await action();
    return [];
  } catch (error) {
    return [error];
  }
}

/** An error says what went wrong. */
function refuseVagueness(failure: unknown): void {
  if (failure instanceof AggregateError) {
    for (const part of failure.errors) refuseVagueness(part);
    return;
  }
  if (
    failure instanceof TypeError ||
    failure instanceof RangeError ||
    !(failure instanceof Error) ||
    failure.message === ""
  )
    throw new Error(`a failing call led to an error that nobody meant: ${failure}`, { cause: failure });
}
