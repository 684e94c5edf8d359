/**
 * Publishing on endpoints whose networks' drivers publish nothing: their ports lead to the sandbox's way out, for as long as it has one.
 * Until then they are remembered.
 */
import type { PortBinding, PortMapping } from "../../contracts/driver.ts";
import { type BindingSelector, selectBindings } from "../binding-selector.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { put } from "../records.ts";
import { undoing } from "../undo.ts";
import { reviewGateway } from "./review.ts";
import { gatewayEndpointOf, isCarried, isOfMapping, mappingsWithout } from "./way-out.ts";

/** Host ports of its that the sandbox's endpoint on the gateway bridge has for it. */
export function carriedBindings(endpoint: EndpointCore): readonly PortBinding[] {
  const { publish } = endpoint.record.options;
  if (publish.length === 0 || !isCarried(endpoint)) return [];
  const { sandbox } = endpoint;
  const gateway = sandbox && gatewayEndpointOf(sandbox);
  if (gateway === undefined || endpoint.network.record.options.internal) return [];
  const { bindings } = gateway.record.state;
  return bindings.filter((binding) => publish.some((mapping) => isOfMapping(binding, mapping)));
}

/** @returns those that have come */
export async function publishCarried(
  endpoint: EndpointCore,
  mappings: readonly PortMapping[],
): Promise<readonly PortBinding[]> {
  const { publish } = endpoint.record.options;
  const before = carriedBindings(endpoint);
  await setCarried(endpoint, [...publish, ...mappingsWithout(mappings, publish)]);
  return carriedBindings(endpoint).filter((binding) => !before.includes(binding));
}

/**
 * @returns those that have gone
 * @throws binding_not_found
 */
export async function unpublishCarried(
  endpoint: EndpointCore,
  selectors: readonly BindingSelector[],
): Promise<readonly PortBinding[]> {
  const { publish } = endpoint.record.options;
  const there = carriedBindings(endpoint);
  const bindingsOf = new Map(publish.map((mapping) => [mapping, ofMapping(mapping, there)]));
  const selected = selectBindings([...bindingsOf.values()].flat(), selectors, endpoint.name);
  const isGoing = (mapping: PortMapping) =>
    bindingsOf.get(mapping)?.some((one) => selected.has(one)) === true;
  await setCarried(
    endpoint,
    publish.filter((mapping) => !isGoing(mapping)),
  );
  const left = carriedBindings(endpoint);
  return there.filter((binding) => !left.includes(binding));
}

/** What is had for it; what is wished for, where nobody has it. */
function ofMapping(mapping: PortMapping, there: readonly PortBinding[]): readonly PortBinding[] {
  const had = there.filter((binding) => isOfMapping(binding, mapping));
  if (had.length > 0) return had;
  const { protocol, containerPort, hostAddress = "0.0.0.0", hostPort = 0 } = mapping;
  return [{ protocol, containerPort, hostAddress, hostPort, containerAddress: "" }];
}

/** These, and no others, are to lead there. Whoever calls holds the locks of its sandbox and of itself. */
export async function setCarried(endpoint: EndpointCore, publish: readonly PortMapping[]): Promise<void> {
  const { engine, sandbox, record: before } = endpoint;
  const turn = await undoing(async (undo) => {
    endpoint.record = { ...before, options: { ...before.options, publish } };
    undo.push(() => {
      endpoint.record = before;
    });
    const isInside = sandbox !== undefined && !sandbox.lost;
    const reviewed = isInside ? await reviewGateway(sandbox, undo) : undefined;
    await engine.commit(put("endpoint", endpoint.record), ...(reviewed?.changes ?? []));
    return reviewed;
  });
  await turn?.finish();
}
