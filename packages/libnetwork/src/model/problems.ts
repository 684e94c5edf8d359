/**
 * What a controller could not take up as it opened, by the id of what it is about.
 */
import type { Engine } from "./engine.ts";
import { exhaustion } from "./exhaustion.ts";
import type { RecordKind } from "./records.ts";

export interface RestoreProblem {
  readonly kind: RecordKind;
  readonly id: string;
  /** The id, where no name can be read. */
  readonly name: string;
  readonly error: unknown;
}

export function noteProblem(engine: Engine, problem: RestoreProblem): void {
  engine.unrestored.set(problem.id, { ...problem, error: exhaustion(problem.error) });
}
