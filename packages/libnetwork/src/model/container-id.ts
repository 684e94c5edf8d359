/**
 * Ids of containers: each has at most one sandbox.
 */
import { conflict } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { checkedName } from "./ids.ts";

/**
 * Checks the id of a container that is to have a sandbox.
 *
 * @throws invalid_name, sandbox_exists
 */
export function freeContainerId({ sandboxes }: Engine, given: unknown): string {
  const containerId = checkedName("container", given);
  if (sandboxes.byName(containerId) === undefined) return containerId;
  const message = `container "${containerId}" has a sandbox already: choose another id`;
  throw conflict("sandbox_exists", message, containerId);
}
