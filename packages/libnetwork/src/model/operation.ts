/**
 * Which request something is done for: an id that goes along through every promise, and stands in the events that come of it.
 */
import { AsyncLocalStorage } from "node:async_hooks";

const current = new AsyncLocalStorage<string>();

/** Runs an action as part of an operation: {@link currentOperation} answers `id` in it, and in whatever it waits for. */
export function withOperation<T>(id: string, action: () => T): T {
  return current.run(id, action);
}

/** Id of the operation that the caller is part of; undefined outside of any. */
export function currentOperation(): string | undefined {
  return current.getStore();
}
