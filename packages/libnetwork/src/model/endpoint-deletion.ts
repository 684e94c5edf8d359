/**
 * Deleting an endpoint: its addresses and host ports are free again.
 */
import { releaseAddress } from "./addressing.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { finishing } from "./undo.ts";

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
