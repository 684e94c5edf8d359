/**
 * What is told of an endpoint that was made.
 */
import type { EndpointCore } from "./endpoint-core.ts";

export function announceEndpoint(endpoint: EndpointCore): void {
  const { engine, network, record } = endpoint;
  const { ipv4 = "", ipv6 = "" } = record.interface;
  engine.events.emit("endpoint:create", endpoint, { network: network.id, ipv4, ipv6 });
}
