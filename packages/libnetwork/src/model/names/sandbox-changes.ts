/**
 * Changes of a sandbox's names, which touch nothing else of it.
 */
import { freeContainerId } from "../container-id.ts";
import { put, type SandboxRecord } from "../records.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { changedSandboxOptions, type SandboxOptions } from "../sandbox-options.ts";
import { reviewMember } from "../services/balancing.ts";
import { refuseShared } from "../sharing.ts";
import { undoing } from "../undo.ts";
import { announceNames } from "./host-files.ts";

/** Whoever calls holds its lock. */
export async function hideNames(sandbox: SandboxCore, hidden: boolean): Promise<void> {
  sandbox.assertUsable();
  refuseShared(sandbox, hidden ? "disableService" : "enableService");
  const { hidden: before = false, ...record } = sandbox.record;
  if (before !== hidden) await change(sandbox, hidden ? { ...record, hidden } : record);
}

/** Whoever calls holds its lock. */
export async function setExtraHosts(
  sandbox: SandboxCore,
  extraHosts: NonNullable<SandboxOptions["extraHosts"]>,
): Promise<void> {
  sandbox.assertUsable();
  refuseShared(sandbox, "setExtraHosts");
  const { record } = sandbox;
  await change(sandbox, { ...record, options: changedSandboxOptions(record.options, { extraHosts }) });
}

/**
 * The container got another id. Whoever calls holds its lock, and that of the new id.
 *
 * @throws invalid_name, sandbox_exists
 */
export async function renameSandbox(sandbox: SandboxCore, containerId: string): Promise<void> {
  sandbox.assertUsable();
  const { engine, record } = sandbox;
  await change(sandbox, { ...record, containerId: freeContainerId(engine, containerId) });
}

/** The files first: what they refuse is not stored. */
function change(sandbox: SandboxCore, record: SandboxRecord): Promise<void> {
  const before = sandbox.record;
  return undoing(async (undo) => {
    undo.push(() => become(sandbox, before));
    become(sandbox, record);
    await sandbox.engine.commit(put("sandbox", record));
  });
}

function become(sandbox: SandboxCore, record: SandboxRecord): void {
  const { name } = sandbox;
  sandbox.record = record;
  if (sandbox.name !== name) sandbox.engine.sandboxes.renamed(sandbox, name);
  if (sandbox.owner !== undefined || sandbox.lost) return;
  announceNames(sandbox);
  for (const endpoint of sandbox.joined) reviewMember(endpoint);
}
