// What was done at once must be what some order of one after the other would have come to.

import { applied, type Outcome, refusal } from "./commands/all.ts";
import type { Operation } from "./commands/command.ts";
import type { Model } from "./model.ts";

export interface Done {
  readonly operation: Operation;
  readonly outcome: Outcome;
}

/** The models that the orders come to in which every operation has the outcome that it had. */
export function* serialOrders(model: Model, done: readonly Done[]): Generator<Model> {
  if (done.length === 0) yield model;
  for (const [at, { operation, outcome }] of done.entries()) {
    const expected = refusal(model, operation);
    const actual = "code" in outcome ? outcome.code : undefined;
    if (expected !== actual) continue;
    const next = "code" in outcome ? model : applied(model, operation, outcome.answer);
    yield* serialOrders(next, done.toSpliced(at, 1));
  }
}
