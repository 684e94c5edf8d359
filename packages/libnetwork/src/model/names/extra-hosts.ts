/**
 * Extra hosts of a sandbox, with the host's address in the place of `host-gateway`.
 */
import { addressOf } from "../../address/cidr.ts";
import { ipamData } from "../addressing.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { hostGateway } from "../sandbox-options.ts";
import { plannedRouting } from "../sandbox-routing.ts";

interface ExtraHost {
  readonly name: string;
  readonly address: string;
}

/** Without those of the host for as long as the sandbox is in no network in which the host has an address. */
export function extraHostsOf(sandbox: SandboxCore): readonly ExtraHost[] {
  return sandbox.record.options.extraHosts.flatMap((host) =>
    host.address === hostGateway ? hostAddresses(sandbox).map((address) => ({ ...host, address })) : [host],
  );
}

function hostAddresses(sandbox: SandboxCore): readonly string[] {
  const { hostGateways } = sandbox.engine.parts;
  if (hostGateways.length > 0) return hostGateways;
  if (sandbox.record.options.useHostNetwork) return ["127.0.0.1"];
  return ([4, 6] as const).flatMap((family) => hostAddress(sandbox, family) ?? []);
}

/** In the network that is the way out, or else in the first: those of other networks are refused. */
function hostAddress(sandbox: SandboxCore, family: 4 | 6): string | undefined {
  // As it is to be: after a start the files are written before the routes.
  const plan = plannedRouting(sandbox);
  const wayOut = family === 4 ? plan.gatewayEndpointIpv4 : plan.gatewayEndpointIpv6;
  const joined = [...sandbox.joined];
  const endpoints = wayOut === undefined ? joined : joined.filter(({ id }) => id === wayOut);
  const gateways = endpoints.flatMap(({ network }) =>
    ipamData(network.record.pools, family).map(({ gateway }) => gateway),
  );
  const found = gateways.find((gateway) => gateway !== undefined);
  return found === undefined ? undefined : addressOf(found);
}
