/**
 * Host ports of services: which there are, and where each leads.
 */
import { addressOf } from "../../address/cidr.ts";
import type { LedPort } from "../../contracts/balancing.ts";
import type { PortMapping } from "../../contracts/driver.ts";
import { gatewayEndpointOf } from "../gateway/way-out.ts";
import type { NetworkCore } from "../network-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { endpointsOf, memberState } from "../services/members.ts";
import type { ServiceCore } from "../services/service-core.ts";

/** A host port, and what of the service it leads to. */
export interface PublishedPort {
  readonly service: ServiceCore;
  readonly protocol: "tcp" | "udp";
  readonly hostPort: number;
  readonly targetPort: number;
}

export function publishedIn({ record, services }: NetworkCore): readonly PublishedPort[] {
  return record.shared === true ? [...services].flatMap(publishedBy) : [];
}

export function publishedBy(service: ServiceCore): readonly PublishedPort[] {
  const ports = service.record.options.ports ?? [];
  return ports.flatMap(({ protocol, targetPort, hostPort }) =>
    hostPort === undefined ? [] : [{ service, protocol, hostPort, targetPort }],
  );
}

/** The sandbox has the same ports as the host. */
export function mappingsOf(
  network: NetworkCore,
): readonly (PortMapping & { readonly protocol: "tcp" | "udp" })[] {
  return publishedIn(network).map(({ protocol, hostPort }) => ({
    protocol,
    containerPort: hostPort,
    hostPort,
  }));
}

export function areOtherPorts(there: readonly PortMapping[], wanted: readonly PortMapping[]): boolean {
  const key = ({ protocol, hostPort }: PortMapping) => `${protocol} ${hostPort}`;
  return there.map(key).sort().join() !== wanted.map(key).sort().join();
}

/** Of the sandbox's endpoint on the gateway bridge. */
export function gatewayAddresses(sandbox: SandboxCore): readonly string[] {
  const ends = gatewayEndpointOf(sandbox)?.record.interface;
  return [ends?.ipv4, ends?.ipv6].filter((cidr) => cidr !== undefined).map(addressOf);
}

export function led(
  { protocol, hostPort, targetPort }: PublishedPort,
  addresses: readonly string[],
): LedPort {
  return { protocol, port: hostPort, targets: addresses.map((address) => ({ address, port: targetPort })) };
}

/** Members of this host that the host reaches itself. */
export function localTargets({ service }: PublishedPort): readonly string[] {
  const serving = endpointsOf(service).filter((endpoint) => memberState(endpoint) === "serving");
  const sandboxes = new Set(serving.map(({ sandbox }) => sandbox).filter((sandbox) => sandbox !== undefined));
  return [...sandboxes].flatMap(gatewayAddresses).sort();
}

export function allTargets({ service }: PublishedPort): readonly string[] {
  return service.balanced.flatMap(({ members }) => members);
}
