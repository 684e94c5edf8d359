/**
 * Taking a namespace for a sandbox that somebody else made: one that no other sandbox has.
 */
import type { NamespacePlace } from "../contracts/netstack.ts";
import { conflict } from "../errors.ts";
import { absolutePath } from "../options/absolute-path.ts";
import type { Engine } from "./engine.ts";
import { reviewGateway } from "./gateway/review.ts";
import { commitMade } from "./intents/asking.ts";
import { enter } from "./joining.ts";
import { assertAlive } from "./lost.ts";
import {
  closeResolver,
  hasResolver,
  openResolver,
  tellNames,
  whenAnswered,
} from "./names/sandbox-resolver.ts";
import { put } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { reviewMember } from "./services/balancing.ts";
import { refuseShared } from "./sharing.ts";
import { type UndoStack, undoing } from "./undo.ts";

/** @throws namespace_not_found, key_is_host, namespace_in_use */
export function adoptNamespace(engine: Engine, path: string): NamespacePlace {
  const place = engine.parts.netstack.adoptNamespace(path);
  const user = [...engine.sandboxes].find(({ namespace }) => namespace?.identity === place.identity);
  if (user === undefined) return place;
  const mend = "share it with shareWith, or give another";
  throw conflict(
    "namespace_in_use",
    `${path} is the network namespace of container "${user.name}": ${mend}`,
    {
      path,
      sandbox: user.id,
    },
  );
}

/**
 * Gives a sandbox without namespace one, and makes in it the interfaces of endpoints that joined before. Whoever calls holds the locks of
 * all of them.
 */
export async function adoptKey(sandbox: SandboxCore, path: string): Promise<void> {
  const { engine, joined } = sandbox;
  const turn = await undoing(async (undo) => {
    await engine.parts.netstack.sweptLinksGone();
    await enterNamespace(sandbox, path, undo);
    const entered = [...joined].map(({ record }) => put("endpoint", record));
    const reviewed = await reviewGateway(sandbox, undo);
    await commitMade(engine, undo, put("sandbox", sandbox.record), ...entered, ...reviewed.changes);
    return reviewed;
  });
  await turn.finish();
}

async function enterNamespace(sandbox: SandboxCore, path: string, undo: UndoStack): Promise<void> {
  assertAlive(sandbox);
  refuseShared(sandbox, "set the key");
  absolutePath(path, "key");
  const { engine, name, namespace, record: before } = sandbox;
  if (namespace !== undefined) {
    throw conflict("sandbox_has_key", `sandbox "${name}" has a namespace already, at ${namespace.path}`);
  }
  sandbox.record = { ...before, namespace: adoptNamespace(engine, path) };
  undo.push(() => {
    for (const endpoint of sandbox.joined) reviewMember(endpoint);
  });
  undo.push(() => {
    sandbox.record = before;
  });
  if (hasResolver(sandbox)) openResolver(sandbox);
  undo.push(() => closeResolver(sandbox));
  for (const endpoint of [...sandbox.joined]) await enter(endpoint, sandbox, undo);
  tellNames(sandbox);
  await whenAnswered(sandbox);
}
