/**
 * An endpoint as the CNM API shows it.
 */
import type { Endpoint as EndpointHandle } from "@causeway/libnetwork";
import type { Endpoint } from "../api/index.ts";
import { nameOf } from "./sandbox-resource.ts";

export function endpointResource(endpoint: EndpointHandle): Endpoint {
  const { id, name, network, record, labels } = endpoint;
  const { links, namedPorts, disableResolution, gatewayPriority } = record.options;
  const { mac, ipv4, ipv6, interfaceName, gatewayIpv4, gatewayIpv6, sandbox } = endpoint.info();
  return {
    id,
    name,
    network: { id: network.id, name: network.name },
    mac,
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    aliases: [...endpoint.aliases],
    links,
    namedPorts: [...namedPorts],
    disableResolution,
    labels,
    gatewayPriority,
    bindings: [...endpoint.bindings],
    withheld: [...endpoint.withheld],
    ...(sandbox !== undefined && {
      sandbox: { id: sandbox.id, containerId: sandbox.containerId, name: nameOf(sandbox) },
    }),
    ...(interfaceName !== undefined && { interfaceName }),
    ...(gatewayIpv4 !== undefined && { gatewayIpv4 }),
    ...(gatewayIpv6 !== undefined && { gatewayIpv6 }),
    driverInfo: endpoint.driverInfo(),
  };
}
