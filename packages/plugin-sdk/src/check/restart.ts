/**
 * The plugin is killed and started again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import type { Examination } from "./examination.ts";

const patience = 10_000;
const pause = 50;

/** @returns false where it does not answer any more */
export async function checkAnswersAgain(exam: Examination, restart: () => Promise<void>): Promise<boolean> {
  const before = await exam.provoke("Plugin.Activate", "");
  try {
    await restart();
  } catch (error) {
    exam.skip("restart.answers", `it could not be restarted: ${messageOf(error)}`);
    return false;
  }
  const started = performance.now();
  for (;;) {
    const after = await exam.provoke("Plugin.Activate", "");
    if (after.kind === "success") {
      const same = JSON.stringify(after) === JSON.stringify(before);
      exam.expect(
        "restart.answers",
        same,
        `before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`,
      );
      return true;
    }
    if (performance.now() - started > patience)
      return exam.expect("restart.answers", false, `${patience / 1000} s later: ${after.text}`);
    await sleep(pause);
  }
}
