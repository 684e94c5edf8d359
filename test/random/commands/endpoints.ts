// Endpoints: made and deleted.

import type { Endpoint, PortBinding } from "@causeway/libnetwork";
import fc from "fast-check";
import { byKey, type Model, type ModelEndpoint, sandboxOf } from "../model.ts";
import { type Command, type Hands, pick } from "./command.ts";
import { drawnMapping, type Mapping, publishOptions, publishRefusal } from "./ports.ts";

/** What is asked of an endpoint, without its place. */
export interface EndpointWish {
  /** Last byte of its IPv4 address, where the network has IPv4. */
  readonly number?: number | undefined;
  readonly priority: number;
  readonly interfaceName?: string | undefined;
  readonly publish?: Mapping | undefined;
}

export interface NewEndpoint extends EndpointWish {
  readonly key: number;
  readonly network: number;
  readonly name: string;
}

/** What the controller chose. */
export interface EndpointAnswer {
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  readonly bindings: readonly PortBinding[];
}

const rarely = <T>(value: T) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.constant(value));

export const drawnEndpoint: fc.Arbitrary<EndpointWish> = fc.record({
  number: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.constantFrom(1, 200, 201)),
  priority: fc.constantFrom(0, 0, 0, 1),
  interfaceName: rarely("lan0"),
  publish: fc.option(drawnMapping, { nil: undefined }),
});

/** Aims at users' networks more often than at the two that are always there. */
export function aimedNetwork({ networks }: Model, at: number): number | undefined {
  const made = networks.filter(({ type }) => type === "bridge");
  return (at % 8 === 0 ? pick(networks, at >> 3) : pick(made, at >> 3))?.key;
}

export function endpointRefusal(model: Model, wish: NewEndpoint): string | undefined {
  const network = byKey(model.networks, wish.network);
  if (network === undefined) return "network_deleted";
  const neighbours = model.endpoints.filter((endpoint) => endpoint.network === network.key);
  if (neighbours.some(({ name }) => name === wish.name)) return "endpoint_name_in_use";
  const { publish } = wish;
  if (publish !== undefined && network.type !== "bridge") return "unsupported_by_driver";
  if (wish.number !== undefined) {
    if (!network.ipv4) return "family_disabled";
    const address = `172.30.${network.subnet}.${wish.number}`;
    if (wish.number === 1 || neighbours.some(({ ipv4 }) => ipv4 === address)) return "address_in_use";
  }
  if (publish === undefined) return undefined;
  // Which addresses is of no matter here, only of which families.
  const families = { ipv4: network.ipv4 ? "yes" : undefined, ipv6: network.ipv6 ? "yes" : undefined };
  return publishRefusal(model, network, families, publish);
}

export function addEndpoint({ endpoints }: Model, wish: NewEndpoint, answer: EndpointAnswer): void {
  const { key, name, network, priority, interfaceName } = wish;
  endpoints.push({ key, name, network, priority, interfaceName, ...answer });
}

export function endpointOptions(
  { network, number, priority, interfaceName, publish }: NewEndpoint,
  model: Hands,
) {
  const subnet = model
    .network(network)
    .ipamConfig.find((config) => config.subnet?.startsWith("172."))?.subnet;
  const ipv4 = number === undefined ? undefined : (subnet ?? "172.30.0.0/24").replace(".0/24", `.${number}`);
  return {
    gatewayPriority: priority,
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(interfaceName === undefined ? {} : { interfaceName }),
    ...(publish === undefined ? {} : { publish: [publishOptions(publish)] }),
  };
}

export function endpointAnswer({ ipv4, ipv6, bindings }: Endpoint): EndpointAnswer {
  return { ipv4: ipv4?.split("/")[0], ipv6: ipv6?.split("/")[0], bindings };
}

type NewEndpointDraw = EndpointWish & { readonly at: number; readonly name: string };

const createEndpoint: Command<NewEndpointDraw, NewEndpoint, EndpointAnswer> = {
  draw: fc
    .tuple(drawnEndpoint, fc.nat(), fc.constantFrom("e1", "e2", "e3", "e4"))
    .map(([wish, at, name]) => ({ ...wish, at, name })),
  aim({ at, ...wish }, model, newKey) {
    const network = aimedNetwork(model, at);
    return network === undefined ? undefined : { key: newKey(), network, ...wish };
  },
  refusal: endpointRefusal,
  apply: addEndpoint,
  async perform(hands, wish) {
    const endpoint = await hands
      .network(wish.network)
      .createEndpoint(wish.name, endpointOptions(wish, hands));
    hands.hold(wish.key, endpoint);
    return endpointAnswer(endpoint);
  },
  recover(hands, { network, name }) {
    const endpoint = hands.network(network).endpointByName(name);
    return endpoint && endpointAnswer(endpoint);
  },
};

interface DeleteEndpoint {
  readonly endpoint: number;
  readonly force: boolean;
}

const deleteEndpoint: Command<{ at: number; force: boolean }, DeleteEndpoint, void> = {
  draw: fc.record({ at: fc.nat(), force: fc.boolean() }),
  aim({ at, force }, { endpoints }) {
    const endpoint = pick(endpoints, at);
    return endpoint && { endpoint: endpoint.key, force };
  },
  refusal(model, { endpoint, force }) {
    if (byKey(model.endpoints, endpoint) === undefined) return "endpoint_deleted";
    return sandboxOf(model, endpoint) !== undefined && !force ? "endpoint_joined" : undefined;
  },
  apply: (model, { endpoint }) => removeEndpoint(model, endpoint),
  perform: (hands, { endpoint, force }) => hands.endpoint(endpoint).delete({ force }),
};

export function removeEndpoint(model: Model, gone: ModelEndpoint["key"]): void {
  model.endpoints = model.endpoints.filter(({ key }) => key !== gone);
  for (const sandbox of model.sandboxes) {
    sandbox.joined = sandbox.joined.filter(({ endpoint }) => endpoint !== gone);
  }
}

export const endpointCommands = { createEndpoint, deleteEndpoint };
