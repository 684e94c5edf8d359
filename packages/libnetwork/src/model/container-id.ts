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
  const there = sandboxes.byName(containerId);
  if (there === undefined) return containerId;
  const mend = there.lost ? "which is lost: delete that first" : "choose another id";
  const message = `container "${containerId}" has a sandbox already${there.lost ? "," : ":"} ${mend}`;
  throw conflict("sandbox_exists", message, containerId);
}
