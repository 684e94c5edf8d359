/**
 * Deleting an endpoint: its addresses and host ports are free again.
 */
import { addressReleases } from "./addressing.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import type { Step } from "./intents/step.ts";
import type { NetworkCore } from "./network-core.ts";
import { finishing } from "./undo.ts";

/** What follows once it is stored that the endpoint is no more. */
export async function finishDeleteEndpoint(endpoint: EndpointCore): Promise<void> {
  const { engine, network, id } = endpoint;
  const steps = deletionSteps(endpoint);
  forgetEndpoint(endpoint);
  await finishing(
    `deleting endpoint "${endpoint.name}"`,
    ...steps.toReversed().map((step) => () => engine.intents.carry(id, step)),
    () => engine.global?.deleted(endpoint),
  );
  engine.events.emit("endpoint:delete", endpoint, { network: network.id });
}

/** It is found no more, and nothing can be asked of it. */
export function forgetEndpoint(endpoint: EndpointCore): void {
  endpoint.deleted = true;
  const { engine, network, record } = endpoint;
  network.endpoints.remove(endpoint);
  network.endpointOfMac.delete(record.interface.mac);
  const { service } = record.options;
  if (service !== undefined) {
    const members = network.membersOf.get(service.name);
    members?.delete(endpoint);
    if (members?.size === 0) network.membersOf.delete(service.name);
  }
  engine.endpoints.delete(endpoint.id);
  engine.unrestored.delete(endpoint.id);
}

/** What its driver and its IPAM are asked for; the last step comes first. */
export function deletionSteps({ network, id, record }: EndpointCore): readonly Step[] {
  const releases = addressReleases(
    network.ipam,
    network.record.pools,
    { networkId: network.id, endpointId: id },
    record.interface,
  );
  return [...releases, endpointDeletion(network, id)];
}

/** What takes the making of an endpoint back. */
export function endpointDeletion({ id, record }: NetworkCore, endpointId: string): Step {
  return { do: "delete-endpoint", driver: record.driver, networkId: id, endpointId };
}
