/**
 * After a join, a leave or another publishing: the sandbox gets an endpoint on the gateway bridge, or is rid of it, the host ports go
 * where they are to lead, and the drivers of its ways out are told. Whoever calls holds the sandbox's lock.
 */
import type { StoreChange } from "../../contracts/store.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { finishDeleteEndpoint } from "../endpoint-deletion.ts";
import { announceEndpoint } from "../endpoint-events.ts";
import { commitMade } from "../intents/asking.ts";
import { announceJoin, prepareJoin } from "../joining.ts";
import { finishLeave } from "../leaving.ts";
import { put, remove } from "../records.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { finishing, type UndoStack, undoing } from "../undo.ts";
import { announceTrouble, programWaysOut, revokeFormer } from "./external-connectivity.ts";
import { givePorts } from "./gateway-ports.ts";
import { externalPorts, gatewayEndpointOf, needsGateway, unneededGateway } from "./way-out.ts";

/** What is to be stored of a review, in one transaction with what caused it, and what follows then. */
export interface GatewayTurn {
  readonly changes: readonly StoreChange[];
  /** Once these are stored. What it meets is told by an event: what was asked for is done. */
  finish(): Promise<void>;
}

export async function reviewGateway(sandbox: SandboxCore, undo: UndoStack): Promise<GatewayTurn> {
  const there = gatewayEndpointOf(sandbox);
  const needed = needsGateway(sandbox);
  const { publish } = externalPorts(sandbox);
  const changed = there !== undefined && (await givePorts(there, needed ? publish : [], undo));
  await revokeFormer(sandbox, needed, undo);
  const made = needed && there === undefined ? await addGateway(sandbox, undo) : undefined;
  await programWaysOut(sandbox, needed, undo);
  sandbox.engine.global?.ingress.touch();
  if (there !== undefined && !needed) {
    return {
      changes: [remove("endpoint", there.id)],
      finish: () => dismiss(there, sandbox).catch((error) => announceTrouble(sandbox, there, error)),
    };
  }
  const stored = made ?? (changed ? there : undefined);
  return {
    changes: stored === undefined ? [] : [put("endpoint", stored.record)],
    finish: async () => {
      if (made === undefined) return;
      announceEndpoint(made);
      announceJoin(made);
    },
  };
}

/** By itself: what caused it is stored already. */
export async function settleGateway(sandbox: SandboxCore): Promise<void> {
  if (sandbox.lost || sandbox.deleted) return;
  const unneeded = unneededGateway(sandbox);
  await finishing(
    `the way out of sandbox "${sandbox.name}"`,
    async () => {
      if (unneeded === undefined) return;
      await sandbox.engine.commit(remove("endpoint", unneeded.id));
      await dismiss(unneeded, sandbox);
    },
    () => settleRest(sandbox),
  );
}

async function settleRest(sandbox: SandboxCore): Promise<void> {
  const turn = await undoing(async (undo) => {
    const reviewed = await reviewGateway(sandbox, undo);
    if (reviewed.changes.length > 0) await commitMade(sandbox.engine, undo, ...reviewed.changes);
    return reviewed;
  });
  await turn.finish();
}

async function addGateway(sandbox: SandboxCore, undo: UndoStack): Promise<EndpointCore | undefined> {
  const endpoint = await sandbox.engine.makeGateway?.(sandbox, externalPorts(sandbox).publish, undo);
  if (endpoint !== undefined) await prepareJoin(endpoint, sandbox, undo);
  return endpoint;
}

/** Once it is stored that it is no more. */
export function dismiss(endpoint: EndpointCore, sandbox: SandboxCore): Promise<void> {
  return finishing(
    `taking sandbox "${sandbox.name}" off the gateway bridge`,
    () => finishLeave(endpoint, sandbox, { sandboxStays: true }),
    () => finishDeleteEndpoint(endpoint),
  );
}
