/**
 * An endpoint as the CNM API shows it.
 */
import { type Endpoint as EndpointHandle, messageOf } from "@causeway/libnetwork";
import type { Endpoint } from "../api/index.ts";
import { nameOf } from "./sandbox-resource.ts";

/** A plugin that does not answer must not keep others' endpoints from being shown. */
const longestWaitMs = 2000;

export async function endpointResource(endpoint: EndpointHandle): Promise<Endpoint> {
  const { id, name, network, record, labels, service } = endpoint;
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
    ...(service !== undefined && {
      service: { id: service.id, name: service.name },
      healthy: endpoint.healthy,
    }),
    bindings: [...endpoint.bindings],
    withheld: [...endpoint.withheld],
    ...(sandbox !== undefined && {
      sandbox: { id: sandbox.id, containerId: sandbox.containerId, name: nameOf(sandbox) },
    }),
    ...(interfaceName !== undefined && { interfaceName }),
    ...(gatewayIpv4 !== undefined && { gatewayIpv4 }),
    ...(gatewayIpv6 !== undefined && { gatewayIpv6 }),
    driverInfo: await driverInfo(endpoint),
  };
}

/** What the driver tells; where it is a plugin that fails, or takes long, that. */
async function driverInfo(endpoint: EndpointHandle): Promise<Record<string, unknown>> {
  const { promise: late, resolve } = Promise.withResolvers<Record<string, unknown>>();
  const timer = setTimeout(() => resolve({ error: `no answer within ${longestWaitMs} ms` }), longestWaitMs);
  const told = endpoint.driverInfo().then(
    (info) => ({ ...info }),
    (error: unknown) => ({ error: messageOf(error) }),
  );
  return Promise.race([told, late]).finally(() => clearTimeout(timer));
}
