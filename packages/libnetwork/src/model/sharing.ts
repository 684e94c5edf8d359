/**
 * Container mode: several containers, each with a sandbox, live in the stack of one of them. While others are in it, a
 * stack outlives its own container.
 */
import { conflict, forbidden } from "../errors.ts";
import { assertAlive } from "./lost.ts";
import { put } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";

/**
 * @param verb what is not done in a stack of somebody else's
 * @throws sandbox_shared
 */
export function refuseShared({ name, owner }: SandboxCore, verb: string): void {
  if (owner === undefined) return;
  const message = `container "${name}" shares the network of "${owner.name}": ${verb} there`;
  throw forbidden("sandbox_shared", message, { sharedWith: owner.id });
}

/** @throws sandbox_deleted, sandbox_lost, sandbox_shared, container_not_running */
export function assertShareable(sandbox: SandboxCore): void {
  assertAlive(sandbox);
  refuseShared(sandbox, "share");
  if (sandbox.record.released !== true) return;
  throw conflict(
    "container_not_running",
    `container "${sandbox.name}" is gone: its network cannot be shared any more`,
  );
}

/** Its own container is gone, and others still share its stack. */
export async function release(sandbox: SandboxCore): Promise<void> {
  const { engine } = sandbox;
  const record = { ...sandbox.record, released: true };
  await engine.commit(put("sandbox", record));
  sandbox.record = record;
  engine.events.emit("sandbox:delete", sandbox, { container: sandbox.name, shared: "true" });
}

/** The sandbox whose stack only this one still uses, its own container being gone: it goes along. */
export function abandonedOwner({ owner }: SandboxCore): SandboxCore | undefined {
  if (owner === undefined || owner.record.released !== true) return undefined;
  return owner.sharers.length === 1 ? owner : undefined;
}
