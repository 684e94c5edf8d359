/**
 * An endpoint: its interface, with both ends, and its host ports.
 */
import type { PortBinding } from "../../contracts/driver.ts";
import type { HealthItem, SubjectOf } from "../../contracts/health.ts";
import { bindingText } from "../binding-selector.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { yieldedItems } from "../global/yielded.ts";
import { renew } from "../membership.ts";
import { reclaimPorts, restoreInDriver } from "../withheld-ports.ts";
import { ailments, placeOf } from "./interface-state.ts";
import { notRestoredItem } from "./not-restored.ts";
import { mendRouting } from "./sandbox-health.ts";
import type { SubjectHealth } from "./subject-health.ts";

type EndpointSubject = SubjectOf<"endpoint">;

export const endpointHealth: SubjectHealth<EndpointSubject> = {
  keys(engine, { id }) {
    const endpoint = engine.endpoints.get(id);
    return [id, endpoint?.network.id ?? id, endpoint?.sandbox?.id ?? id];
  },

  inspect(engine, subject) {
    const endpoint = engine.endpoints.get(subject.id);
    const problem = engine.unrestored.get(subject.id);
    if (endpoint === undefined)
      return problem === undefined ? [] : [notRestoredItem(subject, problem.error, false)];
    // Its network's mend is its own.
    if (engine.unrestored.has(endpoint.network.id)) return [];
    const { withheld = [] } = endpoint.record;
    if (problem !== undefined && withheld.length === 0) {
      const { join } = endpoint.record;
      const isInUnrestored = join !== undefined && engine.sandboxes.byId(join.sandboxId) === undefined;
      return [notRestoredItem(subject, problem.error, !isInUnrestored)];
    }
    return [
      ...yieldedItems(endpoint, subject),
      ...withheld.map((binding) => portTaken(subject, binding)),
      ...inspectInterface(endpoint, subject),
    ];
  },

  async mend(engine, { id }, items) {
    const endpoint = engine.endpoints.get(id);
    if (endpoint === undefined) return;
    const found = new Set(items.map(({ code }) => code));
    if (found.has("endpoint_not_restored")) {
      await restoreInDriver(endpoint);
      engine.unrestored.delete(id);
    }
    await mendInterface(endpoint, found);
    if (found.has("port_taken")) await reclaimPorts(endpoint);
  },
};

function inspectInterface(endpoint: EndpointCore, subject: EndpointSubject): readonly HealthItem[] {
  const place = placeOf(endpoint);
  if (place === undefined) return [];
  const { engine, driver, network, id, record } = endpoint;
  const found = ailments(engine.parts.netstack.interfaces(place.namespace), place.made, record.interface);
  const items = found.map((ailment) => ({ ...ailment, subject, mend: "call repair()", repairable: true }));
  const hostSide = driver.health?.inspectEndpoint(network.id, id) ?? [];
  if (!items.some(({ code }) => code === "interface_missing")) return [...items, ...hostSide];
  // Both ends are made together, unless somebody else has the name.
  const foreign = hostSide.filter(({ nature }) => nature === "foreign");
  return [...items.map((item) => ({ ...item, repairable: foreign.length === 0 })), ...foreign];
}

async function mendInterface(endpoint: EndpointCore, found: ReadonlySet<string>): Promise<void> {
  const place = placeOf(endpoint);
  if (place === undefined) return;
  const { sandbox, made, namespace } = place;
  if (found.has("host_end_taken")) return;
  if (found.has("interface_missing") || found.has("host_end_missing")) return renew(endpoint, sandbox);
  const { engine, driver, network, id, record } = endpoint;
  const { netstack } = engine.parts;
  if ([...found].some((code) => code.startsWith("host_end_"))) driver.health?.mendEndpoint(network.id, id);
  if (![...found].some((code) => code.startsWith("interface_") || code === "address_missing")) return;
  netstack.mendInterface(namespace, made, record.interface);
  mendRouting(sandbox);
}

function portTaken(subject: EndpointSubject, binding: PortBinding): HealthItem {
  return {
    code: "port_taken",
    nature: "missing",
    subject,
    message: `its host port ${bindingText(binding)} is not held: somebody else had it when the controller opened`,
    mend: "end the program that has the port, and call repair(); or take it back with unpublish()",
    repairable: true,
  };
}
