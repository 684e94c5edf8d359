/**
 * How operations ask drivers and IPAMs for what may have to be taken back: by the undo stack, and where they are plugins by a durable intent
 * as well.
 */
import type { Driver } from "../../contracts/driver.ts";
import type { Ipam } from "../../contracts/ipam.ts";
import type { StoreChange } from "../../contracts/store.ts";
import { isUncertain } from "../../plugin-errors.ts";
import type { Engine } from "../engine.ts";
import type { UndoStack } from "../undo.ts";
import type { Step } from "./step.ts";

/** What an operation makes, and how it is undone. */
export interface Undertaking {
  readonly engine: Engine;
  /** Id of what is made. */
  readonly id: string;
  readonly undo: UndoStack;
}

/**
 * Asks a driver for something.
 *
 * @param step takes it back
 */
export async function asking<T>(
  { engine, id, undo }: Undertaking,
  driver: Driver,
  step: Step,
  call: () => T | Promise<T>,
): Promise<T> {
  const { intents } = engine;
  if (driver.traits.remote) await note({ engine, id, undo }, step);
  try {
    const answer = await call();
    undo.push(() => intents.carry(id, step));
    return answer;
  } catch (error) {
    // Otherwise it may have been done: it is taken back when the plugin can be reached.
    if (!isUncertain(error)) intents.cross(id, step);
    throw error;
  }
}

/** An IPAM has given something: only its answer says what. */
export async function given({ engine, id, undo }: Undertaking, ipam: Ipam, step: Step): Promise<void> {
  const task = { engine, id, undo };
  if (ipam.remote) begin(task);
  undo.push(() => engine.intents.carry(id, step));
  if (ipam.remote) await note(task, step);
}

/** Stores a step as part of an operation. */
export async function note(task: Undertaking, step: Step): Promise<void> {
  begin(task);
  await task.engine.intents.note(task.id, step);
}

/** What is left when everything was undone stays stored. */
function begin({ engine, id, undo }: Undertaking): void {
  if (undo.intents.has(id)) return;
  undo.intents.add(id);
  undo.push(() => engine.intents.close(id));
}

/** Stores what an operation has made: from then on nothing of it is taken back. */
export async function commitMade(
  engine: Engine,
  undo: UndoStack,
  ...changes: readonly StoreChange[]
): Promise<void> {
  await engine.commit(...changes, ...engine.intents.made(undo.intents));
  engine.intents.forget(undo.intents);
}
