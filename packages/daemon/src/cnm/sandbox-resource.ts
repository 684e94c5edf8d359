/**
 * A sandbox as the CNM API shows it.
 */
import type { Sandbox as SandboxHandle } from "@causeway/libnetwork";
import type { Sandbox, SandboxStatistics } from "../api/index.ts";
import { containerNameLabel } from "../containers/contract.ts";

/** Of a container of ours its name, which stands in a label; of others the id that they gave. */
export function nameOf({ containerId, labels }: SandboxHandle): string {
  return labels[containerNameLabel] ?? containerId;
}

export function sandboxResource(sandbox: SandboxHandle): Sandbox {
  const { id, containerId, key, sharedWith, record } = sandbox;
  const gatewayIpv4 = sandbox.gateway(4)?.id;
  const gatewayIpv6 = sandbox.gateway(6)?.id;
  return {
    id,
    containerId,
    name: nameOf(sandbox),
    created: sandbox.created.toISOString(),
    ...(key !== undefined && { key }),
    lost: sandbox.lost,
    usesHostNetwork: sandbox.usesHostNetwork,
    ...(sharedWith !== undefined && { sharedWith: sharedWith.id }),
    labels: sandbox.labels,
    extraHosts: [...record.options.extraHosts],
    serviceEnabled: record.hidden !== true,
    files: sandbox.files,
    endpoints: sandbox.endpoints().map(({ id, name, network }) => ({ id, name, network: network.name })),
    ...(gatewayIpv4 !== undefined && { gatewayIpv4 }),
    ...(gatewayIpv6 !== undefined && { gatewayIpv6 }),
  };
}

/** @throws sandbox_without_key, sandbox_lost */
export function statisticsOf(sandbox: SandboxHandle): SandboxStatistics {
  const interfaces = [...sandbox.statistics()].map(([name, counters]) => [
    name,
    Object.fromEntries(Object.entries(counters).map(([counter, value]) => [counter, String(value)])),
  ]);
  return {
    sandbox: sandbox.id,
    containerId: sandbox.containerId,
    name: nameOf(sandbox),
    interfaces: Object.fromEntries(interfaces) as SandboxStatistics["interfaces"],
  };
}
