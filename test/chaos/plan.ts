// Which trials there are, and which of them are done in one run.

import type { Fault } from "@causeway/kernel";
import { faultText, plausibleFaults } from "./faults.ts";
import { type Point, pointText, type Strike } from "./guard.ts";
import type { Trial } from "./trial.ts";

export interface Surveyed {
  readonly scenario: string;
  readonly points: readonly Point[];
}

/** Longest sequence of calls that a loop waits with, and how often its repetitions are struck. */
const longestLoop = 6;
const roundsStruck = 2;

/** Without what a loop that waits repeats: how often depends on the machine, and every round is like the one before. */
function withoutRounds(points: readonly Point[]): readonly Point[] {
  const kept: Point[] = [];
  const same = (a: Point | undefined, b: Point | undefined) =>
    a?.label === b?.label && a?.thread === b?.thread;
  for (const point of points) {
    kept.push(point);
    for (let length = 1; length <= longestLoop; length++) {
      const rounds = Array.from({ length: roundsStruck + 1 }, (_, round) =>
        kept.slice(kept.length - length * (round + 1), kept.length - length * round),
      );
      const [last = []] = rounds;
      const isRepeated = rounds.every(
        (round) => round.length === length && round.every((one, at) => same(one, last[at])),
      );
      if (isRepeated) kept.length -= length;
    }
  }
  return kept;
}

/** Every plausible error at every point; or one at each, drawn by a seed. */
export function failures(surveys: readonly Surveyed[], oneBySeed?: number): readonly Trial[] {
  const random = oneBySeed === undefined ? undefined : mulberry32(oneBySeed);
  const drawn = (faults: readonly Fault[]) =>
    random === undefined ? faults : faults.slice(Math.floor(random() * faults.length)).slice(0, 1);
  return surveys.flatMap(({ scenario, points }) =>
    withoutRounds(points).flatMap((point) =>
      drawn(plausibleFaults(point.label)).map(
        (fault): Trial => ({ scenario, strike: { kind: "fail", point, fault } }),
      ),
    ),
  );
}

/** What changes nothing outside of the process: a kill after it is one before the next call. */
const changesNothing =
  /^syscall (recv|recvmsg|close|setns|setnsBack|open|socket|setsockopt) |^file (exists|fstat|lstat|stat|statfs|read|readdir|realpath)|^store (get|all)/;

/** A kill before every call, and after those that change something; a netlink request is no call of its own: it goes with its send. */
export function kills(surveys: readonly Surveyed[]): readonly Trial[] {
  return surveys.flatMap(({ scenario, points }) =>
    withoutRounds(points)
      .filter(({ label }) => !label.startsWith("netlink "))
      .flatMap((point) => {
        const moments = changesNothing.test(`${point.label} `)
          ? (["before"] as const)
          : (["before", "after"] as const);
        return moments.map((when): Trial => ({ scenario, strike: { kind: "kill", point, when } }));
      }),
  );
}

/** How it is done again: an argument of `npm run chaos -- --only=`. */
export function trialText({ scenario, strike }: Trial): string {
  return `${scenario} | ${strikeText(strike)}`;
}

function strikeText(strike: Strike): string {
  if (strike.kind === "fail") return `${faultText(strike.fault)} | ${pointText(strike.point)}`;
  if (strike.kind === "kill") return `kill ${strike.when} | ${pointText(strike.point)}`;
  return strike.kind;
}

/** `count` of the trials, the same ones for the same seed. */
export function sample<T>(trials: readonly T[], count: number, seed: number): readonly T[] {
  const random = mulberry32(seed);
  const pool = [...trials];
  for (let at = pool.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const [a, b] = [pool[at], pool[other]];
    if (a !== undefined && b !== undefined) [pool[at], pool[other]] = [b, a];
  }
  return pool.slice(0, count);
}

/** A small generator of pseudo-random numbers from 0 to 1 (Tommy Ettinger's mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
