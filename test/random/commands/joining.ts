// Endpoints in sandboxes: join, leave, and attach, which does all at once.

import fc from "fast-check";
import {
  byKey,
  hasNamespace,
  type Model,
  type ModelEndpoint,
  type ModelSandbox,
  networkOf,
  sandboxOf,
} from "../model.ts";
import { type Command, pick } from "./command.ts";
import {
  addEndpoint,
  aimedNetwork,
  drawnEndpoint,
  type EndpointAnswer,
  type EndpointWish,
  endpointAnswer,
  endpointOptions,
  endpointRefusal,
  type NewEndpoint,
} from "./endpoints.ts";
import { containers } from "./names.ts";

interface Pair {
  readonly endpoint: number;
  readonly sandbox: number;
}

/** The name that an endpoint's interface gets: the one that was asked for, or the lowest free number. */
export function interfaceNameFor(
  model: Model,
  sandbox: ModelSandbox,
  endpoint: ModelEndpoint,
): string | undefined {
  if (networkOf(model, endpoint).type !== "bridge" || !hasNamespace(sandbox)) return undefined;
  if (endpoint.interfaceName !== undefined) return endpoint.interfaceName;
  const taken = sandbox.joined.map((one) => one.interface);
  let number = 0;
  while (taken.includes(`eth${number}`)) number++;
  return `eth${number}`;
}

function placeRefusal(model: Model, sandbox: ModelSandbox, endpoint: ModelEndpoint): string | undefined {
  if (sandbox.stack === "shared") return "sandbox_shared";
  const { type } = networkOf(model, endpoint);
  if ((type === "host") !== (sandbox.stack === "host")) return "sandbox_of_host";
  const { interfaceName: wanted } = endpoint;
  if (wanted === undefined || type !== "bridge" || !hasNamespace(sandbox)) return undefined;
  return sandbox.joined.some((one) => one.interface === wanted) ? "interface_name_in_use" : undefined;
}

function place(model: Model, sandbox: ModelSandbox, endpoint: ModelEndpoint): void {
  const name = interfaceNameFor(model, sandbox, endpoint);
  sandbox.joined.push({ endpoint: endpoint.key, interface: name });
}

const join: Command<{ one: number; other: number }, Pair, void> = {
  draw: fc.record({ one: fc.nat(), other: fc.nat() }),
  aim({ one, other }, model) {
    // One that has joined already is refused: mostly the others are meant.
    const free = model.endpoints.filter(({ key }) => sandboxOf(model, key) === undefined);
    const endpoint =
      one % 5 === 0 ? pick(model.endpoints, one) : (pick(free, one) ?? pick(model.endpoints, one));
    const sandbox = pick(model.sandboxes, other);
    return endpoint && sandbox && { endpoint: endpoint.key, sandbox: sandbox.key };
  },
  refusal(model, { endpoint: key, sandbox: where }) {
    const [endpoint, sandbox] = [byKey(model.endpoints, key), byKey(model.sandboxes, where)];
    if (endpoint === undefined) return "endpoint_deleted";
    if (sandboxOf(model, key) !== undefined) return "endpoint_joined";
    if (sandbox === undefined) return "sandbox_deleted";
    return placeRefusal(model, sandbox, endpoint);
  },
  apply(model, { endpoint: key, sandbox: where }) {
    const [endpoint, sandbox] = [byKey(model.endpoints, key), byKey(model.sandboxes, where)];
    if (endpoint !== undefined && sandbox !== undefined) place(model, sandbox, endpoint);
  },
  perform: (hands, { endpoint, sandbox }) => hands.endpoint(endpoint).join(hands.sandbox(sandbox)),
};

const leave: Command<{ one: number; other: number }, Pair, void> = {
  draw: fc.record({ one: fc.nat(), other: fc.nat() }),
  aim({ one, other }, model) {
    const endpoint = pick(model.endpoints, one);
    if (endpoint === undefined) return undefined;
    const its = sandboxOf(model, endpoint.key);
    const sandbox = other % 5 === 0 ? pick(model.sandboxes, other) : (its ?? pick(model.sandboxes, other));
    return sandbox && { endpoint: endpoint.key, sandbox: sandbox.key };
  },
  refusal(model, { endpoint, sandbox }) {
    if (byKey(model.endpoints, endpoint) === undefined) return "endpoint_deleted";
    return sandboxOf(model, endpoint)?.key === sandbox ? undefined : "endpoint_not_joined";
  },
  apply({ sandboxes }, { endpoint: gone, sandbox: where }) {
    const sandbox = byKey(sandboxes, where);
    if (sandbox !== undefined) sandbox.joined = sandbox.joined.filter(({ endpoint }) => endpoint !== gone);
  },
  perform: (hands, { endpoint, sandbox }) => hands.endpoint(endpoint).leave(hands.sandbox(sandbox)),
};

interface Attach {
  readonly sandbox: number;
  readonly container: string;
  readonly endpoint: NewEndpoint;
}

type AttachDraw = EndpointWish & { readonly at: number; readonly name: string };

const newSandboxOf = ({ sandbox, container }: Attach): ModelSandbox => ({
  key: sandbox,
  name: container,
  stack: "own",
  released: false,
  joined: [],
});

const attach: Command<AttachDraw, Attach, EndpointAnswer> = {
  draw: fc
    .tuple(drawnEndpoint, fc.nat(), fc.constantFrom(...containers))
    .map(([wish, at, name]) => ({ ...wish, at, name })),
  aim({ at, name, ...wish }, model, newKey) {
    const network = aimedNetwork(model, at);
    if (network === undefined) return undefined;
    return { sandbox: newKey(), container: name, endpoint: { key: newKey(), network, name, ...wish } };
  },
  refusal(model, wish) {
    if (model.sandboxes.some(({ name }) => name === wish.container)) return "sandbox_exists";
    const refused = endpointRefusal(model, wish.endpoint);
    if (refused !== undefined) return refused;
    const made = { ...wish.endpoint, bindings: [] };
    return placeRefusal(model, newSandboxOf(wish), made);
  },
  apply(model, wish, answer) {
    const sandbox = newSandboxOf(wish);
    model.sandboxes.push(sandbox);
    addEndpoint(model, wish.endpoint, answer);
    const endpoint = byKey(model.endpoints, wish.endpoint.key);
    if (endpoint !== undefined) place(model, sandbox, endpoint);
  },
  async perform(hands, { sandbox: key, container, endpoint: wish }) {
    const { endpoint, sandbox } = await hands.controller.attach(hands.network(wish.network), {
      containerId: container,
      endpointName: wish.name,
      endpoint: endpointOptions(wish, hands),
    });
    hands.hold(key, sandbox);
    hands.hold(wish.key, endpoint);
    return endpointAnswer(endpoint);
  },
  recover(hands, { container, endpoint: { network, name } }) {
    const endpoint = hands.network(network).endpointByName(name);
    const there = endpoint?.sandbox?.containerId === container;
    return there ? endpointAnswer(endpoint) : undefined;
  },
};

export const joiningCommands = { join, leave, attach };
