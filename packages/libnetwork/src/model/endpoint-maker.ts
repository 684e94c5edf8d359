/**
 * Making an endpoint: what is checked, taken and made before it is stored.
 */
import { addressOf } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import { macFromIpv4, randomMac } from "../address/mac.ts";
import type { EndpointInterface, EndpointSpec } from "../contracts/driver.ts";
import { conflict, forbidden, invalid, notFound } from "../errors.ts";
import { suggestion } from "../options/nearest.ts";
import { takeAddress } from "./addressing.ts";
import { EndpointCore } from "./endpoint-core.ts";
import { endpointDeletion, forgetEndpoint } from "./endpoint-deletion.ts";
import {
  type CheckedEndpointOptions,
  checkedEndpointOptions,
  type EndpointOptions,
} from "./endpoint-options.ts";
import { refuseUnpublished } from "./gateway/way-out.ts";
import { checkedName, newId } from "./ids.ts";
import { asking, type Undertaking } from "./intents/asking.ts";
import type { NetworkCore } from "./network-core.ts";
import type { EndpointRecord } from "./records.ts";
import { readyIpam } from "./replay.ts";
import type { UndoStack } from "./undo.ts";

/**
 * Makes an endpoint that is not stored yet.
 *
 * @param gateway it is a sandbox's on the gateway bridge
 */
export async function prepareEndpoint(
  network: NetworkCore,
  name: string,
  given: EndpointOptions,
  undo: UndoStack,
  { gateway = false } = {},
): Promise<EndpointCore> {
  network.assertUsable();
  refuseConfigOnly(network);
  if (!gateway) refuseGatewayBridge(network);
  checkedName("endpoint", name);
  refuseTakenName(network, name);
  const options = checkedEndpointOptions(given);
  if (options.mac !== undefined) refuseTakenMac(network, options.mac);
  if (options.publish.length > 0) refuseUnpublished(network);
  if (options.service !== undefined) refuseUnknownService(network, options.service.name);
  const { driver, ipam } = network;
  if (ipam.remote) await readyIpam(network);
  const id = newId();
  const task = { engine: network.engine, id, undo };
  const addresses = await takeAddresses(network, options, task);
  const hasAddress = addresses.ipv4 !== undefined || addresses.ipv6 !== undefined;
  const service = options.service?.name;
  await network.engine.global?.hold(network, { id, hasAddress, service }, undo);
  const wanted = { id, networkId: network.id, name, options, interface: addresses };
  const { chosen, ...state } = await asking(task, driver, endpointDeletion(network, id), () =>
    driver.createEndpoint(endpointSpec(wanted)),
  );
  const made = { ...wanted, interface: { ...addresses, ...chosen } };
  const record = { ...made, created: Date.now(), state, ...(gateway && { gateway }) };
  const endpoint = addEndpoint(network, record);
  undo.push(() => forgetEndpoint(endpoint));
  return endpoint;
}

/** From now on it is found, in its network and by its id. */
export function addEndpoint(network: NetworkCore, record: EndpointRecord): EndpointCore {
  const endpoint = new EndpointCore(network, record);
  network.endpoints.add(endpoint);
  const { mac } = record.interface;
  if (mac !== "") network.endpointOfMac.set(mac, record.name);
  network.engine.endpoints.set(record.id, endpoint);
  const { service } = record.options;
  if (service !== undefined) {
    const members = network.membersOf.get(service.name);
    if (members === undefined) network.membersOf.set(service.name, new Set([endpoint]));
    else members.add(endpoint);
  }
  return endpoint;
}

/** What a driver is told of an endpoint. */
export function endpointSpec(
  record: Pick<EndpointRecord, "id" | "networkId" | "name" | "options" | "interface">,
): EndpointSpec {
  const { id, networkId, name, interface: addresses } = record;
  const { driverOptions, publish, mac, exposedPorts } = record.options;
  return {
    id,
    networkId,
    name,
    interface: addresses,
    options: driverOptions,
    publish,
    macChosen: mac !== undefined,
    exposedPorts,
  };
}

/** MAC and addresses of a new endpoint. */
async function takeAddresses(
  network: NetworkCore,
  options: CheckedEndpointOptions,
  task: Undertaking,
): Promise<EndpointInterface> {
  if (options.disableIpv6 && options.ipv6 !== undefined) {
    throw invalid(
      "contradictory_options",
      "options: ipv6 and disableIpv6 exclude each other: give one of them",
    );
  }
  const { ipam, driver } = network;
  const member = options.service === undefined ? {} : { service: options.service.name };
  const owner = { networkId: network.id, endpointId: task.id, ...member };
  // One that the IPAM is told is the endpoint's.
  const told = options.mac ?? (ipam.capabilities.requiresMacAddress ? randomMac() : undefined);
  const take = (family: 4 | 6, address: string | undefined) =>
    takeAddress(network, { family, address, mac: told ?? "", owner }, task);
  const ipv4 = await take(4, options.ipv4);
  const ipv6 = options.disableIpv6 ? undefined : await take(6, options.ipv6);
  const mac = told ?? (driver.traits.remote ? "" : freeMac(network, ipv4));
  return { mac, ipv4, ipv6 };
}

/** A MAC that says the IPv4 address: neighbours' entries stay right when the address is used again. */
function freeMac({ endpointOfMac }: NetworkCore, ipv4: string | undefined): string {
  const telling = ipv4 === undefined ? undefined : macFromIpv4(parseIp(addressOf(ipv4)));
  return telling === undefined || endpointOfMac.has(telling) ? randomMac() : telling;
}

function refuseConfigOnly({ name, configOnly }: NetworkCore): void {
  if (!configOnly) return;
  const message = `network "${name}" only holds options: make a network with configFrom "${name}"`;
  throw forbidden("network_config_only", message);
}

/** @throws network_is_gateway_bridge */
function refuseGatewayBridge({ name, record }: NetworkCore): void {
  if (record.gatewayBridge !== true) return;
  const message = `network "${name}" is the gateway bridge, which sandboxes get on by themselves: use another network`;
  throw forbidden("network_is_gateway_bridge", message);
}

function refuseTakenName(network: NetworkCore, name: string): void {
  if (network.endpoints.byName(name) === undefined) return;
  const message = `network "${network.name}" has an endpoint "${name}": choose another name`;
  throw conflict("endpoint_name_in_use", message, name);
}

function refuseUnknownService({ name: network, services }: NetworkCore, name: string): void {
  if (services.byName(name) !== undefined) return;
  const known = [...services].map((service) => service.name);
  const message = `network "${network}" has no service "${name}"${suggestion(name, known)}: make it first`;
  throw notFound("service_not_found", message, name);
}

function refuseTakenMac(network: NetworkCore, mac: string): void {
  const taker = network.endpointOfMac.get(mac);
  if (taker === undefined) return;
  const message = `endpoint "${taker}" of network "${network.name}" has MAC ${mac}: choose another`;
  throw conflict("mac_in_use", message, mac);
}
