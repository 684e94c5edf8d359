/**
 * Changes of a sandbox's names that touch nothing else of it.
 */
import { announceNames } from "./host-files.ts";
import { put, type SandboxRecord } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { changedSandboxOptions, type SandboxOptions } from "./sandbox-options.ts";
import { refuseShared } from "./sharing.ts";

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

async function change(sandbox: SandboxCore, record: SandboxRecord): Promise<void> {
  await sandbox.engine.commit(put("sandbox", record));
  sandbox.record = record;
  if (!sandbox.lost) announceNames(sandbox);
}
