/**
 * Publishing: host ports of an endpoint that is there, opened and taken back.
 */
import type { PortBinding } from "../contracts/driver.ts";
import { type BindingSelector, bindingText, selectBindings } from "./binding-selector.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { carriedBindings, publishCarried, unpublishCarried } from "./gateway/carried-ports.ts";
import { isCarried, refuseUnpublished } from "./gateway/way-out.ts";
import { type PublishOptions, portMappings, publishList } from "./publish-options.ts";
import { put } from "./records.ts";
import { finishing, undoing } from "./undo.ts";
import { noteTakenUp, ownBindings, withoutWithheld } from "./withheld-ports.ts";

/** Host ports that lead to it, or to its sandbox's way out on its account. */
export function bindingsOf(endpoint: EndpointCore): readonly PortBinding[] {
  return [...endpoint.record.state.bindings, ...carriedBindings(endpoint)];
}

/** @returns all bindings of the endpoint */
export async function publishPorts(
  endpoint: EndpointCore,
  ports: readonly PublishOptions[],
): Promise<readonly PortBinding[]> {
  const { engine, network, id } = endpoint;
  endpoint.assertUsable();
  const mappings = portMappings(publishList(ports, "publish"), "publish");
  refuseUnpublished(network);
  if (isCarried(endpoint)) {
    announce("endpoint:publish", endpoint, await publishCarried(endpoint, mappings));
    return bindingsOf(endpoint);
  }
  return undoing(async (undo) => {
    const { publish, unpublish } = engine.publisher(network.record.driver);
    const before = endpoint.record;
    const state = await publish(network.id, id, mappings);
    const added = state.bindings.slice(before.state.bindings.length);
    undo.push(() => unpublish(network.id, id, added));
    undo.push(() => {
      endpoint.record = before;
    });
    endpoint.record = withoutWithheld({ ...before, state }, added);
    await engine.commit(put("endpoint", endpoint.record));
    noteTakenUp(endpoint);
    announce("endpoint:publish", endpoint, added);
    return state.bindings;
  });
}

/** @returns the bindings that are left */
export async function unpublishPorts(
  endpoint: EndpointCore,
  selectors: readonly BindingSelector[],
): Promise<readonly PortBinding[]> {
  endpoint.assertUsable();
  const { engine, network, id, record } = endpoint;
  if (isCarried(endpoint)) {
    announce("endpoint:unpublish", endpoint, await unpublishCarried(endpoint, selectors));
    return bindingsOf(endpoint);
  }
  const { state } = record;
  const going = selectBindings(ownBindings(record), selectors, endpoint.name);
  const { unpublish } = engine.publisher(network.record.driver);
  const left = state.bindings.filter((binding) => !going.has(binding));
  const after = withoutWithheld(record, [...going]);
  await engine.commit(put("endpoint", { ...after, state: { ...state, bindings: left } }));
  await finishing(`taking ports of endpoint "${endpoint.name}" back`, async () => {
    endpoint.record = { ...after, state: await unpublish(network.id, id, [...going]) };
  });
  noteTakenUp(endpoint);
  announce("endpoint:unpublish", endpoint, [...going]);
  return endpoint.record.state.bindings;
}

function announce(
  type: "endpoint:publish" | "endpoint:unpublish",
  endpoint: EndpointCore,
  bindings: readonly PortBinding[],
): void {
  const { engine, network } = endpoint;
  const ports = bindings.map(bindingText).join(",");
  engine.events.emit(type, endpoint, { network: network.id, ports });
}
