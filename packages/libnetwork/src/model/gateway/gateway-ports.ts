/**
 * The host ports of an endpoint on the gateway bridge: those that its sandbox's other endpoints publish.
 */
import type { PortBinding, PortMapping } from "../../contracts/driver.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { EndpointRecord } from "../records.ts";
import type { UndoStack } from "../undo.ts";
import { isOfMapping, mappingsWithout } from "./way-out.ts";

/**
 * From now on it has these and no others.
 *
 * @returns whether its record is another
 */
export async function givePorts(
  endpoint: EndpointCore,
  wanted: readonly PortMapping[],
  undo: UndoStack,
): Promise<boolean> {
  const { engine, network, id, record: before } = endpoint;
  const there = before.options.publish;
  const going = mappingsWithout(there, wanted);
  const coming = mappingsWithout(wanted, there);
  if (going.length === 0 && coming.length === 0) return false;
  const { publish, unpublish } = engine.publisher(network.record.driver);
  undo.push(() => {
    endpoint.record = before;
  });
  let { state } = before;
  if (going.length > 0) {
    const kept = mappingsWithout(there, going);
    const bindings = state.bindings.filter((binding) => isGoing(binding, going, kept));
    const again = going.flatMap((mapping) => asGiven(mapping, bindings));
    state = await unpublish(network.id, id, bindings);
    undo.push(() => publish(network.id, id, again));
  }
  if (coming.length > 0) {
    const held = new Set(state.bindings);
    state = await publish(network.id, id, coming);
    const added = state.bindings.filter((binding) => !held.has(binding));
    undo.push(() => unpublish(network.id, id, added));
  }
  endpoint.record = { ...withheldOf(before, wanted), options: { ...before.options, publish: wanted }, state };
  return true;
}

function isGoing(binding: PortBinding, going: readonly PortMapping[], kept: readonly PortMapping[]): boolean {
  const came = (mapping: PortMapping) => isOfMapping(binding, mapping);
  return going.some(came) && !kept.some(came);
}

/** The wish, for the very host port that it was given. */
function asGiven(mapping: PortMapping, bindings: readonly PortBinding[]): readonly PortMapping[] {
  const { hostPortEnd: _, ...rest } = mapping;
  const given = bindings.find((binding) => isOfMapping(binding, mapping));
  return given === undefined ? [] : [{ ...rest, hostPort: given.hostPort }];
}

/** What somebody else has of its ports is given up with the wish for it. */
function withheldOf(record: EndpointRecord, wanted: readonly PortMapping[]): EndpointRecord {
  const { withheld, ...rest } = record;
  const left = withheld?.filter((binding) => wanted.some((mapping) => isOfMapping(binding, mapping))) ?? [];
  return left.length === 0 ? rest : { ...rest, withheld: left };
}
