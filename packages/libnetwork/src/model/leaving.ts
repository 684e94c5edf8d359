/**
 * Leaving: how an endpoint gets out of its sandbox. One durable write comes first, then the endpoint is cut off.
 */
import type { StoreChange } from "../contracts/store.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { revoke } from "./gateway/external-connectivity.ts";
import { writeHostFiles, writeLinking } from "./names/host-files.ts";
import { tellNames } from "./names/sandbox-resolver.ts";
import { type JoinRecord, put, withoutJoin } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { announceGateway, returnGuest, route, takeOut } from "./sandbox-routing.ts";
import { finishing } from "./undo.ts";

/** The change that stores it as left. */
export function leaving(endpoint: EndpointCore): StoreChange {
  return put("endpoint", withoutJoin(endpoint.record));
}

/** What follows once it is stored that the endpoint has left. */
export async function finishLeave(
  endpoint: EndpointCore,
  sandbox: SandboxCore,
  { sandboxStays }: { readonly sandboxStays: boolean },
): Promise<void> {
  const { engine, driver, network } = endpoint;
  const { join } = endpoint.record;
  endpoint.record = withoutJoin(endpoint.record);
  sandbox.joined.delete(endpoint);
  await finishing(
    `taking endpoint "${endpoint.name}" out of its sandbox`,
    () => revoke(endpoint, sandbox),
    () => driver.leave(network.id, endpoint.id),
    () => {
      if (sandboxStays && !sandbox.lost) return afterLeave(sandbox, join);
      // The namespace goes, and must not take with it what is somebody else's.
      if (!sandbox.lost && join !== undefined) returnGuest(sandbox, join);
      return writeLinking(sandbox);
    },
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
