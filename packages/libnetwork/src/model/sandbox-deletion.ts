/**
 * Deleting a sandbox: its endpoints leave, or go with it, and what it has is let go of.
 */
import type { StoreChange } from "../contracts/store.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { finishDeleteEndpoint } from "./endpoint-deletion.ts";
import { isGatewayEndpoint } from "./gateway/way-out.ts";
import type { Notes } from "./intents/intents.ts";
import { deletionNotes, leavingNotes } from "./intents/notes.ts";
import { finishLeave, leaving } from "./leaving.ts";
import { closeResolver } from "./names/sandbox-resolver.ts";
import { remove } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { abandonedOwner, release } from "./sharing.ts";
import { finishing } from "./undo.ts";

/** What becomes of the endpoints in it. */
type EndpointsFate = "keep" | "delete";

/** Whoever calls holds the locks of the sandbox, of its endpoints and of the one whose stack it shares. */
export async function deleteSandbox(sandbox: SandboxCore, endpoints: EndpointsFate): Promise<void> {
  if (sandbox.sharers.length > 0) {
    await release(sandbox);
    return;
  }
  const abandoned = abandonedOwner(sandbox);
  const going = abandoned === undefined ? [sandbox] : [sandbox, abandoned];
  const { intents } = sandbox.engine;
  const notes = new Map(going.flatMap((one) => [...notesOf(one, endpoints)]));
  await intents.commit(notes, ...going.flatMap((one) => deletion(one, endpoints)));
  for (const one of going) await finishDelete(one, endpoints);
}

/** The changes that store it. */
function deletion({ id, joined }: SandboxCore, fate: EndpointsFate): readonly StoreChange[] {
  const ofEndpoints = [...joined].map((endpoint) =>
    goes(endpoint, fate) ? remove("endpoint", endpoint.id) : leaving(endpoint),
  );
  return [...ofEndpoints, remove("sandbox", id)];
}

function goes(endpoint: EndpointCore, fate: EndpointsFate): boolean {
  return fate === "delete" || isGatewayEndpoint(endpoint);
}

/** What plugins are to be asked for then. */
function notesOf({ joined }: SandboxCore, fate: EndpointsFate): Notes {
  const notes = [...joined].map((endpoint) =>
    goes(endpoint, fate) ? deletionNotes(endpoint) : leavingNotes(endpoint),
  );
  return new Map(notes.flatMap((one) => [...one]));
}

async function finishDelete(sandbox: SandboxCore, endpoints: EndpointsFate): Promise<void> {
  sandbox.deleted = true;
  const ofEndpoints = [...sandbox.joined].flatMap((endpoint) => [
    () => finishLeave(endpoint, sandbox, { sandboxStays: false }),
    () => goes(endpoint, endpoints) && finishDeleteEndpoint(endpoint),
    () => sandbox.engine.intents.close(endpoint.id),
  ]);
  await finishing(
    `deleting sandbox "${sandbox.name}"`,
    ...ofEndpoints,
    () => discard(sandbox),
    () => sandbox.engine.events.emit("sandbox:delete", sandbox, { container: sandbox.name }),
  );
}

/** A sandbox that is not stored yet has to go. */
export function abandon(sandbox: SandboxCore): void {
  sandbox.deleted = true;
  discard(sandbox);
}

/** Lets go of what the sandbox itself has. */
function discard(sandbox: SandboxCore): void {
  const { engine, record, owner } = sandbox;
  const { netstack, files } = engine.parts;
  if (record.ownsNamespace && record.namespace !== undefined) netstack.releaseNamespace(record.namespace);
  if (owner !== undefined) owner.sharers = owner.sharers.filter((sharer) => sharer !== sandbox);
  closeResolver(sandbox);
  files.remove(sandbox.id);
  engine.sandboxes.remove(sandbox);
  engine.unrestored.delete(sandbox.id);
}
