/**
 * A member that leaves: first nothing new is led to it, then what it has may come to an end, then it is cut off.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { EndpointCore } from "../endpoint-core.ts";
import { tellNames } from "../names/sandbox-resolver.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { reviewMember } from "./balancing.ts";
import { serviceOf } from "./members.ts";

/**
 * Of an endpoint that is stored as left already: whoever is killed meanwhile has it cut off at the next start.
 *
 * @param atOnce without waiting for what it has
 */
export async function drain(
  endpoint: EndpointCore,
  sandbox: SandboxCore,
  { atOnce }: { readonly atOnce: boolean },
): Promise<void> {
  const service = serviceOf(endpoint);
  if (service === undefined) return;
  reviewMember(endpoint);
  // One that is back at once stays theirs.
  if (!atOnce) endpoint.engine.global?.drain(endpoint, sandbox);
  if (!sandbox.lost) tellNames(sandbox);
  const { drainMs } = service.record.options;
  if (drainMs > 0 && !sandbox.lost && !atOnce) await sleep(drainMs);
}
