/**
 * Whether a sandbox needs an endpoint on the gateway bridge, and which ports lead to its way out rather than to their own endpoints. Pure.
 */
import type { ExternalPorts, PortBinding, PortMapping } from "../../contracts/driver.ts";
import { invalid } from "../../errors.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { NetworkCore } from "../network-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { plannedRouting } from "../sandbox-routing.ts";

/** A sandbox's endpoints: those that it has, or is about to have. */
type Joined = Pick<SandboxCore, "engine" | "joined">;

/** It is the model's own, on the gateway bridge. */
export function isGatewayEndpoint({ record }: EndpointCore): boolean {
  return record.gateway === true;
}

/** The sandbox's endpoint on the gateway bridge. */
export function gatewayEndpointOf({ joined }: Joined): EndpointCore | undefined {
  return [...joined].find(isGatewayEndpoint);
}

/** Its host ports lead to its sandbox's way out: its network's driver publishes none at the endpoint itself. */
export function isCarried({ driver, record }: EndpointCore): boolean {
  return record.gateway !== true && driver.publish === undefined && !driver.traits.addressless;
}

/**
 * Ports are published by the network's own driver, or lead to the sandbox's way out.
 *
 * @throws unsupported_by_driver, publish_internal
 */
export function refuseUnpublished({ engine, name, driver, record }: NetworkCore): void {
  if (driver.publish !== undefined) return;
  const isCarried = engine.makeGateway !== undefined || driver.programExternalConnectivity !== undefined;
  if (driver.traits.addressless || !isCarried) engine.publisher(record.driver);
  if (!record.options.internal) return;
  const message = `network "${name}" is internal: its endpoints publish no ports`;
  throw invalid("publish_internal", message);
}

/** What the sandbox serves outside by its way out. Internal networks add nothing. */
export function externalPorts({ joined }: Joined): ExternalPorts {
  const carried = [...joined].filter(
    (endpoint) => isCarried(endpoint) && !endpoint.network.record.options.internal,
  );
  const publish = new Map<string, PortMapping>();
  for (const { record } of carried)
    for (const mapping of record.options.publish) publish.set(mappingKey(mapping), mapping);
  const exposedPorts = new Set(carried.flatMap(({ record }) => record.options.exposedPorts));
  return { publish: [...publish.values()], exposedPorts: [...exposedPorts] };
}

/** Endpoints by which the sandbox gets out, whose drivers are told so. */
export function toldWaysOut(endpoints: Joined): readonly EndpointCore[] {
  const tellable = [...endpoints.joined].filter(
    ({ driver }) => driver.programExternalConnectivity !== undefined,
  );
  // Of drivers that are told nothing the order of gateways need not be known.
  if (tellable.length === 0) return [];
  const { gatewayEndpointIpv4, gatewayEndpointIpv6 } = plannedRouting(endpoints);
  return tellable.filter(({ id }) => id === gatewayEndpointIpv4 || id === gatewayEndpointIpv6);
}

/**
 * Whether it is to have an endpoint on the gateway bridge: nobody gives it a gateway or a default route, and somebody would have it go
 * out; or ports are to be published, and the driver of its way out does not do it.
 *
 * @param joined its endpoints. Default: those that it has
 */
export function needsGateway(sandbox: SandboxCore, joined = sandbox.joined): boolean {
  const { engine, namespace, record, owner } = sandbox;
  if (engine.makeGateway === undefined || namespace === undefined) return false;
  if (owner !== undefined || record.options.useHostNetwork || sandbox.lost) return false;
  const ways = [...joined].map(wayOutBy);
  if (ways.includes("default-route")) return false;
  if (!ways.includes("gateway")) return ways.includes("wanted");
  const endpoints = { engine, joined };
  return externalPorts(endpoints).publish.length > 0 && toldWaysOut(endpoints).length === 0;
}

/** Ports that were asked for and lead nowhere: no driver publishes them, and the sandbox has no way out that would. */
export function portsToNowhere(sandbox: SandboxCore): readonly PortMapping[] {
  const { engine, namespace, joined, owner, lost } = sandbox;
  if (namespace === undefined || owner !== undefined || lost) return [];
  if (gatewayEndpointOf(sandbox) !== undefined || needsGateway(sandbox)) return [];
  const { publish } = externalPorts(sandbox);
  return publish.length > 0 && toldWaysOut({ engine, joined }).length === 0 ? publish : [];
}

/** The sandbox's endpoint on the gateway bridge, where it is not needed once this one has left. */
export function unneededGateway(sandbox: SandboxCore, leaving?: EndpointCore): EndpointCore | undefined {
  const joined = new Set([...sandbox.joined].filter((endpoint) => endpoint !== leaving));
  return needsGateway(sandbox, joined) ? undefined : gatewayEndpointOf(sandbox);
}

type WayOut = "gateway" | "default-route" | "wanted" | "none";

const defaultRoutes = new Set(["0.0.0.0/0", "::/0"]);

/** libnetwork's needDefaultGW: internal networks, and those that decline, neither give a way out nor want one. */
function wayOutBy(endpoint: EndpointCore): WayOut {
  const { driver, network, record } = endpoint;
  const { join, options, interface: addresses } = record;
  if (join === undefined || isGatewayEndpoint(endpoint) || driver.traits.addressless) return "none";
  const { answer } = join;
  if (network.record.options.internal || answer.disableGatewayService === true) return "none";
  if (answer.gatewayIpv4 !== undefined) return "gateway";
  if (answer.gatewayIpv6 !== undefined && addresses.ipv6 !== undefined) return "gateway";
  const routes = [...answer.staticRoutes, ...options.staticRoutes];
  return routes.some(({ destination }) => defaultRoutes.has(destination)) ? "default-route" : "wanted";
}

/** Whether it came of this wish. */
export function isOfMapping(binding: PortBinding, mapping: PortMapping): boolean {
  const { protocol, containerPort, hostAddress, hostPort, hostPortEnd = hostPort } = mapping;
  if (binding.protocol !== protocol || binding.containerPort !== containerPort) return false;
  if (hostAddress !== undefined && binding.hostAddress !== hostAddress) return false;
  if (hostPort === undefined || hostPortEnd === undefined) return true;
  return binding.hostPort >= hostPort && binding.hostPort <= hostPortEnd;
}

/** Those of `mappings` that are not among `others`. */
export function mappingsWithout(
  mappings: readonly PortMapping[],
  others: readonly PortMapping[],
): readonly PortMapping[] {
  const keys = new Set(others.map(mappingKey));
  return mappings.filter((mapping) => !keys.has(mappingKey(mapping)));
}

function mappingKey({ protocol, containerPort, hostAddress, hostPort, hostPortEnd }: PortMapping): string {
  return [protocol, containerPort, hostAddress, hostPort, hostPortEnd ?? hostPort].join(" ");
}
