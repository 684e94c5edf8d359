/**
 * Making a sandbox: where its network stack comes from, and what is made before it is stored.
 */
import { notFound } from "../errors.ts";
import { adoptNamespace } from "./adoption.ts";
import { freeContainerId } from "./container-id.ts";
import type { Engine } from "./engine.ts";
import { newId } from "./ids.ts";
import { hostFileContent } from "./names/host-files.ts";
import type { SandboxRecord } from "./records.ts";
import { SandboxCore } from "./sandbox-core.ts";
import { abandon } from "./sandbox-deletion.ts";
import { checkedSandboxOptions, type SandboxOptions } from "./sandbox-options.ts";
import { assertShareable } from "./sharing.ts";
import type { UndoStack } from "./undo.ts";

/** Makes a sandbox that is not stored yet. */
export function prepareSandbox(
  engine: Engine,
  containerId: string,
  given: SandboxOptions,
  undo: UndoStack,
): SandboxCore {
  freeContainerId(engine, containerId);
  const options = checkedSandboxOptions(given);
  const record = withStack(engine, {
    id: newId(),
    containerId,
    created: Date.now(),
    options,
    ownsNamespace: false,
  });
  const sandbox = new SandboxCore(engine, record);
  engine.sandboxes.add(sandbox);
  undo.push(() => abandon(sandbox));
  if (record.sharedWith === undefined) engine.parts.files.create(hostFileContent(sandbox));
  return sandbox;
}

export function announceSandbox(sandbox: SandboxCore): void {
  sandbox.engine.events.emit("sandbox:create", sandbox, { container: sandbox.name });
}

/** Where the sandbox's stack comes from. */
function withStack(engine: Engine, record: SandboxRecord): SandboxRecord {
  const { netstack } = engine.parts;
  const { useHostNetwork, key, externalKey, shareWith } = record.options;
  if (shareWith !== undefined) {
    const owner = engine.sandboxes.find(shareWith);
    if (owner === undefined) {
      throw notFound(
        "container_not_found",
        `there is no container "${shareWith}" whose network could be shared`,
        shareWith,
      );
    }
    assertShareable(owner);
    return { ...record, sharedWith: owner.id };
  }
  if (useHostNetwork) return { ...record, namespace: netstack.hostNamespace() };
  if (key !== undefined) return { ...record, namespace: adoptNamespace(engine, key) };
  if (externalKey) return record;
  return { ...record, namespace: netstack.createNamespace(record.id), ownsNamespace: true };
}
