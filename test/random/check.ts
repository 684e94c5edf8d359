// Draws scripts, runs them, and shrinks one that fails.

import fc from "fast-check";
import { drawnCommand, drawnNetwork } from "./commands/all.ts";
import { runScript, type Step } from "./script.ts";

/** Steps are left out when a script is shrunk, and stay as they are: a try costs half a second and more. */
const command = fc.noShrink(drawnCommand);

const one: fc.Arbitrary<Step> = command.map((drawn) => ({ kind: "one", drawn }));

const several = fc.array(command, { minLength: 2, maxLength: 4 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 60, arbitrary: one },
  { weight: 12, arbitrary: several.map((drawn): Step => ({ kind: "together", drawn })) },
  { weight: 5, arbitrary: fc.constant({ kind: "restart" }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("kill"), drawn: several, turns: fc.nat(3) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("packets"), at: fc.nat() }) },
);

/** Without networks there is little to do. */
const beginning: fc.Arbitrary<Step[]> = fc.array(
  fc.noShrink(drawnNetwork).map((drawn): Step => ({ kind: "one", drawn })),
  { minLength: 1, maxLength: 4 },
);

const script = fc
  .tuple(beginning, fc.array(step, { maxLength: 40, size: "max" }))
  .map(([first, more]) => [...first, ...more]);

export interface RandomCheck {
  readonly seed: number;
  /** How many scripts. */
  readonly runs: number;
  /** Of a failure: where it was, after shrinking. Default: from the beginning. */
  readonly path?: string | undefined;
}

/** How long a failure is shrunk, milliseconds. */
const shrinkingTime = 100_000;

/** @throws Error with the shortest script that fails, and how to run it again */
export async function checkRandomly({ seed, runs, path }: RandomCheck): Promise<void> {
  let giveUp = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(script, async (steps) => {
    // What is not tried is not found to fail: the shortest so far is told.
    if (Date.now() > giveUp) return;
    try {
      await runScript(steps);
    } catch (error) {
      giveUp = Math.min(giveUp, Date.now() + shrinkingTime);
      throw error;
    }
  });
  const once = path === undefined ? {} : { path, endOnFailure: true };
  const result = await fc.check(property, { seed, numRuns: runs, ...once });
  if (!result.failed) return;
  const { counterexamplePath, errorInstance, numShrinks } = result;
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const again = `CAUSEWAY_SEED=${seed} CAUSEWAY_PATH=${counterexamplePath} npm test -- test/random/random.test.ts`;
  throw new Error(`${reason}\n(shrunk ${numShrinks} times) again: ${again}`, { cause: errorInstance });
}

const dayMs = 24 * 60 * 60 * 1000;

/** CAUSEWAY_SEED; in CI another one each day; otherwise always the same. */
export function chosenSeed(): number {
  const { CAUSEWAY_SEED: given, CI: isCi } = process.env;
  if (given !== undefined) return Number(given);
  return isCi === undefined ? 1 : Math.floor(Date.now() / dayMs);
}
