/**
 * What is stored with a leave or a deletion: what plugins are still to be asked for then. Empty where none has a part in it.
 */
import type { EndpointCore } from "../endpoint-core.ts";
import { deletionSteps } from "../endpoint-deletion.ts";
import { leavingSteps } from "../leaving.ts";
import type { NetworkCore } from "../network-core.ts";
import type { Notes } from "./intents.ts";
import type { Step } from "./step.ts";

export function leavingNotes(endpoint: EndpointCore): Notes {
  return new Map([[endpoint.id, ofPlugins(endpoint.network, leavingSteps(endpoint))]]);
}

/** It leaves first. */
export function deletionNotes(endpoint: EndpointCore): Notes {
  const steps = [...deletionSteps(endpoint), ...leavingSteps(endpoint)];
  return new Map([[endpoint.id, ofPlugins(endpoint.network, steps)]]);
}

/** Those of the steps that a plugin has a part in. */
export function ofPlugins({ driver, ipam }: NetworkCore, steps: readonly Step[]): readonly Step[] {
  return steps.filter((step) => (step.do.startsWith("release-") ? ipam.remote : driver.traits.remote));
}
