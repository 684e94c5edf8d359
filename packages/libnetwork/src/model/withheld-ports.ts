/**
 * Withheld ports: host ports that are an endpoint's own, and that somebody else had when the controller opened. They stay in its record,
 * and are tried again at the next start and by a repair, until they are held, published anew or given up.
 */
import type { PortBinding } from "../contracts/driver.ts";
import { bindingText } from "./binding-selector.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { endpointSpec } from "./endpoint-maker.ts";
import { type EndpointRecord, put } from "./records.ts";

/**
 * Has the driver take it up, with the ports that were withheld before.
 *
 * @throws why the first of the ports is withheld that are somebody else's now
 */
export async function restoreInDriver(endpoint: EndpointCore): Promise<void> {
  const { engine, network, driver, sandbox, record } = endpoint;
  const bindings = ownBindings(record);
  withhold(endpoint, bindings);
  // One whose sandbox could not be looked at is in it.
  const isJoined = record.join !== undefined && sandbox?.lost !== true;
  const state = { ...record.state, bindings };
  const refused = await driver.restoreEndpoint(endpointSpec(record), state, isJoined);
  withhold(
    endpoint,
    refused.map(({ binding }) => binding),
  );
  const [first] = refused;
  if (first === undefined) return;
  const ports = refused.map(({ binding }) => bindingText(binding)).join(",");
  engine.events.emit("endpoint:port-taken", endpoint, { network: network.id, ports });
  throw first.error;
}

/** Those that it holds, and those that are withheld. */
export function ownBindings({ state, withheld = [] }: EndpointRecord): readonly PortBinding[] {
  return [...state.bindings, ...withheld];
}

/** From now on these of its own ports are withheld, and no others. */
export function withhold(endpoint: EndpointCore, withheld: readonly PortBinding[]): void {
  const { withheld: _, ...record } = endpoint.record;
  const bindings = ownBindings(endpoint.record).filter((binding) => !withheld.includes(binding));
  const held = { ...record, state: { ...record.state, bindings } };
  endpoint.record = withheld.length === 0 ? held : { ...held, withheld };
}

/**
 * Takes those that are free by now.
 *
 * @throws why the first of the others is still withheld
 */
export async function reclaimPorts(endpoint: EndpointCore): Promise<void> {
  const { engine, driver, network, id, record } = endpoint;
  const { withheld = [], ...rest } = record;
  const reclaimed = driver.health?.reclaim(network.id, id, withheld);
  if (reclaimed === undefined) return;
  const left = reclaimed.withheld.map(({ binding }) => binding);
  endpoint.record = { ...rest, state: reclaimed.state, ...(left.length === 0 ? {} : { withheld: left }) };
  noteTakenUp(endpoint);
  await engine.commit(put("endpoint", endpoint.record));
  const [refused] = reclaimed.withheld;
  if (refused !== undefined) throw refused.error;
}

/** The record without these among the ports that are withheld. */
export function withoutWithheld(record: EndpointRecord, bindings: readonly PortBinding[]): EndpointRecord {
  const { withheld, ...rest } = record;
  if (withheld === undefined) return record;
  const places = new Set(bindings.map(hostPlace));
  const left = withheld.filter((binding) => !places.has(hostPlace(binding)));
  return left.length === 0 ? rest : { ...rest, withheld: left };
}

/** Nothing of it is withheld any more: it is taken up in full. */
export function noteTakenUp({ engine, id, network, record }: EndpointCore): void {
  if (record.withheld === undefined && !engine.unrestored.has(network.id)) engine.unrestored.delete(id);
}

const hostPlace = ({ protocol, hostAddress, hostPort }: PortBinding) =>
  `${protocol} ${hostAddress} ${hostPort}`;
