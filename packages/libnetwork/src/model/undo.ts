/**
 * Undoing what was done, in reverse, past errors: teardown finishes, and reports everything that went wrong.
 */
import { messageOf } from "../errors.ts";
import { isPluginError } from "../plugin-errors.ts";

export class UndoStack {
  readonly #steps: (() => unknown)[] = [];
  /** Ids of the intents that are stored meanwhile: intents/asking.ts. */
  readonly intents = new Set<string>();

  /** Remembers how to undo what was just done. */
  push(step: () => unknown): void {
    this.#steps.push(step);
  }

  /**
   * Undoes everything, latest first.
   *
   * @returns `failure` itself, or an AggregateError of it and what went wrong on the way back
   */
  async unwind(failure: unknown): Promise<unknown> {
    const failures: unknown[] = [failure];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await stubbornly(step);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) return failure;
    const text = messageOf(failure);
    return new AggregateError(failures, `${text} (and undoing it met ${failures.length - 1} more errors)`);
  }
}

/**
 * Does what can be done twice, a step of a teardown mostly, and does it again where it fails: what was busy or without memory may
 * not be any more. A plugin is asked once: what it refuses it refuses, and waiting for it has its own place.
 *
 * @throws what it threw first, where it fails again
 */
export async function stubbornly(step: () => unknown): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (isPluginError(error)) throw error;
    try {
      await step();
    } catch {
      throw error;
    }
  }
}

/**
 * Carries out every step, past errors; one that fails is tried once more.
 *
 * @throws the error that one of them met, or all of them alike, or an AggregateError of all, with what each says
 */
export async function finishing(what: string, ...steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await stubbornly(step);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 0) return;
  const texts = new Set(failures.map(messageOf));
  // A plugin that is away says the same to every step: whoever called is told by its code.
  if (texts.size === 1) throw failures[0];
  const text = `${what} met ${failures.length} errors: ${[...texts].join("; ")}`;
  throw new AggregateError(failures, text);
}

/** Runs an action that records how to undo its steps; on an exception they are undone and the error is thrown. */
export async function undoing<T>(action: (undo: UndoStack) => T | Promise<T>): Promise<T> {
  const undo = new UndoStack();
  try {
    return await action(undo);
  } catch (error) {
    throw await undo.unwind(error);
  }
}
