/**
 * Leaving: how an endpoint gets out of its sandbox. One durable write comes first, then the endpoint is cut off.
 */
import type { StoreChange } from "../contracts/store.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { revoke } from "./gateway/external-connectivity.ts";
import type { Step } from "./intents/step.ts";
import { writeHostFiles, writeLinking } from "./names/host-files.ts";
import { tellNames } from "./names/sandbox-resolver.ts";
import { type JoinRecord, put, withoutJoin } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { announceGateway, cutOff, route, takeOut } from "./sandbox-routing.ts";
import { balance, forgetMember, hasServices } from "./services/balancing.ts";
import { drain } from "./services/draining.ts";
import { finishing } from "./undo.ts";

/** The change that stores it as left. */
export function leaving(endpoint: EndpointCore): StoreChange {
  return put("endpoint", withoutJoin(endpoint.record));
}

/** What plugins and links of theirs are to be asked for, once it is stored; the last step comes first. */
export function leavingSteps(endpoint: EndpointCore): readonly Step[] {
  if (endpoint.record.join === undefined) return [];
  const back = linkReturn(endpoint);
  return [...(back === undefined ? [] : [back]), leaveStep(endpoint)];
}

/** What takes a join back. */
export function leaveStep({ network, id }: EndpointCore): Step {
  return { do: "leave", driver: network.record.driver, networkId: network.id, endpointId: id };
}

/** Gives the host a link back that was moved in; undefined where there is none. */
function linkReturn({ record: { join }, sandbox, driver }: EndpointCore): Step | undefined {
  const plan = join?.answer.interface?.plan;
  const namespace = sandbox?.namespace;
  if (!driver.traits.remote || join?.interface === undefined || namespace === undefined) return undefined;
  if (plan?.kind !== "move") return undefined;
  const { sourceName } = plan;
  const prefix = join.answer.interface?.prefix ?? "";
  return { do: "return-link", namespace, sourceName, prefix, interface: { ...join.interface, sourceName } };
}

/**
 * What follows once it is stored that the endpoint has left.
 *
 * @param isBack it is about to join again: others go on reaching it, and nobody waits until a service's member is drained
 */
export async function finishLeave(
  endpoint: EndpointCore,
  sandbox: SandboxCore,
  { sandboxStays, isBack = false }: { readonly sandboxStays: boolean; readonly isBack?: boolean },
): Promise<void> {
  const { engine, network } = endpoint;
  const { join } = endpoint.record;
  const back = linkReturn(endpoint);
  endpoint.record = withoutJoin(endpoint.record);
  sandbox.joined.delete(endpoint);
  await finishing(
    `taking endpoint "${endpoint.name}" out of its sandbox`,
    () => drain(endpoint, sandbox, { atOnce: isBack }),
    // Whoever is asked may let us wait.
    () => endpoint.driver.traits.remote && cutOff(sandbox, join),
    () => revoke(endpoint, sandbox),
    () => engine.intents.carry(endpoint.id, leaveStep(endpoint)),
    // The namespace may go, and must not take with it what is somebody else's.
    () => back && engine.intents.carry(endpoint.id, back),
    () => (isBack ? undefined : engine.global?.left(endpoint)),
    () => (sandboxStays && !sandbox.lost ? afterLeave(sandbox, join) : writeLinking(sandbox)),
    () => forgetMember(endpoint),
    () => sandboxStays && hasServices(endpoint) && balance(sandbox),
  );
  sandbox.programmed.delete(endpoint);
  engine.events.emit("endpoint:leave", endpoint, { network: network.id, sandbox: sandbox.id });
}

/** What follows in a sandbox that lives on. */
async function afterLeave(sandbox: SandboxCore, left: JoinRecord | undefined): Promise<void> {
  await finishing(
    `sandbox "${sandbox.name}" without the endpoint`,
    () => left && takeOut(sandbox, left),
    () => route(sandbox),
    () => writeHostFiles(sandbox),
    () => tellNames(sandbox),
    () => announceGateway(sandbox),
  );
}
