/**
 * Deleting an endpoint: its addresses and host ports are free again.
 */
import { releaseAddress } from "./addressing.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { finishLeave } from "./leaving.ts";
import { remove } from "./records.ts";
import { finishing } from "./undo.ts";

/** Takes it out of its sandbox first. Whoever calls holds the locks of its network, of itself and of the sandbox. */
export async function deleteEndpoint(endpoint: EndpointCore): Promise<void> {
  const joined = endpoint.sandbox;
  await endpoint.engine.commit(remove("endpoint", endpoint.id));
  await finishing(
    `deleting endpoint "${endpoint.name}"`,
    () => joined && finishLeave(endpoint, joined, { sandboxStays: true }),
    () => finishDeleteEndpoint(endpoint),
  );
}

/** What follows once it is stored that the endpoint is no more. */
export async function finishDeleteEndpoint(endpoint: EndpointCore): Promise<void> {
  const { engine, network, driver, id } = endpoint;
  endpoint.deleted = true;
  forgetEndpoint(endpoint);
  await finishing(
    `deleting endpoint "${endpoint.name}"`,
    () => driver.deleteEndpoint(network.id, id),
    () => releaseAddresses(endpoint),
  );
  engine.events.emit("endpoint:delete", endpoint, { network: network.id });
}

/** It is found no more. */
export function forgetEndpoint(endpoint: EndpointCore): void {
  const { engine, network, record } = endpoint;
  network.endpoints.remove(endpoint);
  network.endpointOfMac.delete(record.interface.mac);
  engine.endpoints.delete(endpoint.id);
  engine.unrestored.delete(endpoint.id);
}

async function releaseAddresses({ network, record }: EndpointCore): Promise<void> {
  const { ipv4, ipv6 } = record.interface;
  for (const cidr of [ipv4, ipv6]) {
    if (cidr !== undefined) await releaseAddress(network.ipam, network.record.pools, cidr);
  }
}
