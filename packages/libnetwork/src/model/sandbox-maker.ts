/**
 * Making a sandbox: where its network stack comes from, and what is made before it is stored.
 */
import { conflict, notFound } from "../errors.ts";
import { Sandbox } from "../sandbox.ts";
import { adoptNamespace } from "./adoption.ts";
import type { Engine } from "./engine.ts";
import { checkedName, newId } from "./ids.ts";
import type { SandboxRecord } from "./records.ts";
import { checkedSandboxOptions, type SandboxOptions } from "./sandbox-options.ts";
import type { UndoStack } from "./undo.ts";

/** Makes a sandbox that is not stored yet. */
export function prepareSandbox(
  engine: Engine,
  containerId: string,
  given: SandboxOptions,
  undo: UndoStack,
): Sandbox {
  checkedName("container", containerId);
  if (engine.sandboxes.byName(containerId) !== undefined) {
    throw conflict(
      "sandbox_exists",
      `container "${containerId}" has a sandbox already: choose another id`,
      containerId,
    );
  }
  const options = checkedSandboxOptions(given);
  const record = withStack(engine, {
    id: newId(),
    containerId,
    created: Date.now(),
    options,
    ownsNamespace: false,
  });
  const sandbox = new Sandbox(engine, record);
  engine.sandboxes.add(sandbox);
  undo.push(() => sandbox.abandon());
  if (record.sharedWith === undefined) engine.parts.files.create(sandbox.fileContent());
  return sandbox;
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
    owner.assertShareable();
    return { ...record, sharedWith: owner.id };
  }
  if (useHostNetwork) return { ...record, namespace: netstack.hostNamespace() };
  if (key !== undefined) return { ...record, namespace: adoptNamespace(engine, key) };
  if (externalKey) return record;
  return { ...record, namespace: netstack.createNamespace(record.id), ownsNamespace: true };
}
