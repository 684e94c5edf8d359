// Published ports: of an endpoint that is made, and of one that is there.

import type { PortBinding, PublishOptions } from "@causeway/libnetwork";
import fc from "fast-check";
import { byKey, type Model, type ModelEndpoint, type ModelNetwork, networkOf } from "../model.ts";
import { type Command, pick } from "./command.ts";

export interface Mapping {
  readonly protocol: "tcp" | "udp";
  readonly containerPort: number;
  readonly hostPort?: number | undefined;
  readonly hostAddress?: string | undefined;
}

const anywhere = { weight: 4, arbitrary: fc.constant(undefined) };

export const drawnMapping: fc.Arbitrary<Mapping> = fc.record({
  protocol: fc.constantFrom("tcp", "udp"),
  containerPort: fc.constantFrom(80, 81),
  hostPort: fc.constantFrom(undefined, 8000, 8001, 8002),
  hostAddress: fc.oneof(anywhere, fc.constantFrom("127.0.0.1", "::1")),
});

/** A mapping as the controller takes it. */
export function publishOptions({ protocol, containerPort, hostPort, hostAddress }: Mapping): PublishOptions {
  return {
    protocol,
    containerPort,
    ...(hostPort === undefined ? {} : { hostPort }),
    ...(hostAddress === undefined ? {} : { hostAddress }),
  };
}

/** A place at the host that a binding holds, or that a mapping asks for. */
interface Place {
  readonly protocol: string;
  readonly hostAddress: string;
  readonly hostPort: number;
}

const isEverywhere = (address: string) => address === "0.0.0.0" || address === "::";
const familyOf = (address: string) => (address.includes(":") ? 6 : 4);

/** Routed addresses are opened, and take nothing of the host. */
export function isHeld({ hostAddress, containerAddress }: PortBinding): boolean {
  return hostAddress !== containerAddress;
}

function collides(one: Place, other: Place): boolean {
  return (
    one.protocol === other.protocol &&
    one.hostPort === other.hostPort &&
    familyOf(one.hostAddress) === familyOf(other.hostAddress) &&
    (one.hostAddress === other.hostAddress ||
      isEverywhere(one.hostAddress) ||
      isEverywhere(other.hostAddress))
  );
}

type Addresses = Pick<ModelEndpoint, "ipv4" | "ipv6">;

/** Why an endpoint of these addresses cannot publish this. */
export function publishRefusal(
  { endpoints }: Model,
  network: ModelNetwork,
  { ipv4, ipv6 }: Addresses,
  { protocol, hostPort, hostAddress }: Mapping,
): string | undefined {
  if (network.type !== "bridge") return "unsupported_by_driver";
  if (network.internal) return "publish_internal";
  if (network.mode === "routed") {
    if (hostAddress === undefined) return undefined;
    const meant = hostAddress === "::1" ? ipv6 : ipv4;
    return meant === undefined ? "no_container_address" : "publish_loopback_routed";
  }
  if (hostAddress === "127.0.0.1" && ipv4 === undefined) return "no_container_address";
  if (hostPort === undefined) return undefined;
  // Everywhere is every IPv6 address too, for the relay's sake, whatever the endpoint has.
  const everywhere = ipv4 === undefined ? ["::"] : ["0.0.0.0", "::"];
  const places = hostAddress === undefined ? everywhere : [hostAddress];
  const held = endpoints.flatMap(({ bindings }) => bindings.filter(isHeld));
  const isTaken = (address: string) =>
    held.some((binding) => collides(binding, { protocol, hostPort, hostAddress: address }));
  return places.some(isTaken) ? "port_in_use" : undefined;
}

interface Publish extends Mapping {
  readonly endpoint: number;
}

const publish: Command<Mapping & { readonly at: number }, Publish, readonly PortBinding[]> = {
  draw: fc.tuple(drawnMapping, fc.nat()).map(([mapping, at]) => ({ ...mapping, at })),
  aim({ at, ...mapping }, { endpoints }) {
    const endpoint = pick(endpoints, at);
    return endpoint && { endpoint: endpoint.key, ...mapping };
  },
  refusal(model, { endpoint: key, ...mapping }) {
    const endpoint = byKey(model.endpoints, key);
    if (endpoint === undefined) return "endpoint_deleted";
    return publishRefusal(model, networkOf(model, endpoint), endpoint, mapping);
  },
  apply({ endpoints }, { endpoint: key }, bindings) {
    const endpoint = byKey(endpoints, key);
    if (endpoint !== undefined) endpoint.bindings = bindings;
  },
  perform: (hands, { endpoint, ...mapping }) => hands.endpoint(endpoint).publish([publishOptions(mapping)]),
  recover: (hands, { endpoint }) => hands.endpoint(endpoint).bindings,
};

interface Unpublish {
  readonly endpoint: number;
  readonly containerPort: number;
}

const unpublish: Command<{ readonly at: number; readonly containerPort: number }, Unpublish, unknown> = {
  draw: fc.record({ at: fc.nat(), containerPort: fc.constantFrom(80, 81) }),
  aim({ at, containerPort }, { endpoints }) {
    const withPorts = endpoints.filter(({ bindings }) => bindings.length > 0);
    const endpoint = pick(withPorts, at) ?? pick(endpoints, at);
    return endpoint && { endpoint: endpoint.key, containerPort };
  },
  refusal({ endpoints }, { endpoint: key, containerPort }) {
    const endpoint = byKey(endpoints, key);
    if (endpoint === undefined) return "endpoint_deleted";
    const some = endpoint.bindings.some((binding) => binding.containerPort === containerPort);
    return some ? undefined : "binding_not_found";
  },
  apply({ endpoints }, { endpoint: key, containerPort }) {
    const endpoint = byKey(endpoints, key);
    if (endpoint === undefined) return;
    endpoint.bindings = endpoint.bindings.filter((binding) => binding.containerPort !== containerPort);
  },
  perform: (hands, { endpoint, containerPort }) => hands.endpoint(endpoint).unpublish([{ containerPort }]),
};

export const portCommands = { publish, unpublish };
