/**
 * Into a sandbox and out of it again, whole: with what is stored of it, and with the way out that the sandbox gets or loses by it.
 */
import type { StoreChange } from "../contracts/store.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { finishDeleteEndpoint } from "./endpoint-deletion.ts";
import { dismiss, reviewGateway, settleGateway } from "./gateway/review.ts";
import { unneededGateway } from "./gateway/way-out.ts";
import { commitMade } from "./intents/asking.ts";
import { deletionNotes, leavingNotes } from "./intents/notes.ts";
import { announceJoin, prepareJoin } from "./joining.ts";
import { finishLeave, leaving } from "./leaving.ts";
import { put, remove } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { finishing, stubbornly, undoing } from "./undo.ts";

/** Whoever calls holds the locks of both. */
export async function joinSandbox(endpoint: EndpointCore, sandbox: SandboxCore): Promise<void> {
  const turn = await undoing(async (undo) => {
    await prepareJoin(endpoint, sandbox, undo);
    const reviewed = await reviewGateway(sandbox, undo);
    await commitMade(endpoint.engine, undo, put("endpoint", endpoint.record), ...reviewed.changes);
    return reviewed;
  });
  announceJoin(endpoint);
  await turn.finish();
}

/** One durable write comes first, then the endpoint is cut off. Whoever calls holds the locks of both. */
export async function leaveSandbox(endpoint: EndpointCore, sandbox: SandboxCore): Promise<void> {
  const unneeded = unneededGateway(sandbox, endpoint);
  const { intents } = endpoint.engine;
  await intents.commit(leavingNotes(endpoint), leaving(endpoint), ...removal(unneeded));
  await finishing(
    `taking endpoint "${endpoint.name}" out of its sandbox`,
    () => finishLeave(endpoint, sandbox, { sandboxStays: true }),
    () => unneeded && dismiss(unneeded, sandbox),
    () => settleGateway(sandbox),
    () => intents.close(endpoint.id),
  );
}

/** Takes it out of its sandbox first. Whoever calls holds the locks of its network, of itself and of the sandbox. */
export async function deleteEndpoint(endpoint: EndpointCore): Promise<void> {
  const joined = endpoint.sandbox;
  const unneeded = joined && unneededGateway(joined, endpoint);
  const { intents } = endpoint.engine;
  await intents.commit(deletionNotes(endpoint), remove("endpoint", endpoint.id), ...removal(unneeded));
  await finishing(
    `deleting endpoint "${endpoint.name}"`,
    () => joined && finishLeave(endpoint, joined, { sandboxStays: true }),
    () => finishDeleteEndpoint(endpoint),
    () => unneeded && joined && dismiss(unneeded, joined),
    () => joined && settleGateway(joined),
    () => intents.close(endpoint.id),
  );
}

function removal(unneeded: EndpointCore | undefined): readonly StoreChange[] {
  return unneeded === undefined ? [] : [remove("endpoint", unneeded.id)];
}

/**
 * Leaves and joins again: the interface is made anew. Only the join is stored, so that whoever is killed in between leaves an endpoint
 * that has joined, and lacks its interface: the next start makes it. On an exception it counts as joined all the same: so it can be tried again.
 */
export async function renew(endpoint: EndpointCore, sandbox: SandboxCore): Promise<void> {
  const { record } = endpoint;
  try {
    await finishLeave(endpoint, sandbox, { sandboxStays: true, isBack: true });
    await stubbornly(() => joinSandbox(endpoint, sandbox));
  } catch (error) {
    endpoint.record = record;
    sandbox.joined.add(endpoint);
    throw error;
  }
}
