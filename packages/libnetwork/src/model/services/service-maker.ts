/**
 * Making a service: its addresses are the network's, and its name is found there.
 */
import type { AllocationOwner } from "../../contracts/ipam.ts";
import { conflict, forbidden, invalid, unsupported } from "../../errors.ts";
import { hostname } from "../../options/host-file-texts.ts";
import { takeAddress } from "../addressing.ts";
import { newId } from "../ids.ts";
import { commitMade, type Undertaking } from "../intents/asking.ts";
import { tellRecords } from "../names/network-records.ts";
import { answersNames } from "../names/sandbox-names.ts";
import type { NetworkCore } from "../network-core.ts";
import { put, type ServiceRecord } from "../records.ts";
import { readyIpam } from "../replay.ts";
import { undoing } from "../undo.ts";
import { reviewService } from "./balancing.ts";
import { ServiceCore } from "./service-core.ts";
import { forgetService } from "./service-deletion.ts";
import { type CheckedServiceOptions, checkedServiceOptions } from "./service-options.ts";

/** Whoever calls holds the network's lock. */
export async function createService(
  network: NetworkCore,
  name: string,
  given: unknown,
): Promise<ServiceCore> {
  network.assertUsable();
  refuseUnnamed(network);
  hostname(name, "name");
  refuseTaken(network, name);
  const options = checkedServiceOptions(given);
  refuseUnpublished(network, options);
  const { engine, ipam } = network;
  const service = await undoing(async (undo) => {
    const id = newId();
    if (ipam.remote) await readyIpam(network);
    const owner = ownerOf(network, { id, name });
    const addresses = await takeAddresses(network, options, { engine, id, undo, owner });
    const record: ServiceRecord = {
      id,
      networkId: network.id,
      name,
      created: Date.now(),
      options,
      ...addresses,
    };
    await engine.global?.createService(network, record, undo);
    const made = addService(network, record);
    undo.push(() => forgetService(made));
    reviewService(made);
    await commitMade(engine, undo, put("service", record));
    return made;
  });
  tellRecords(network);
  engine.events.emit("service:create", service, { network: network.id });
  return service;
}

/** From now on it is found in its network. */
export function addService(network: NetworkCore, record: ServiceRecord): ServiceCore {
  const service = new ServiceCore(network, record);
  network.services.add(service);
  return service;
}

/** Whose its addresses are. */
function ownerOf(network: NetworkCore, { id, name }: Pick<ServiceRecord, "id" | "name">): AllocationOwner {
  return {
    networkId: network.id,
    ...(network.record.shared === true ? { service: name } : { endpointId: id }),
  };
}

async function takeAddresses(
  network: NetworkCore,
  options: CheckedServiceOptions,
  { owner, ...task }: Undertaking & { readonly owner: AllocationOwner },
): Promise<Pick<ServiceRecord, "ipv4" | "ipv6">> {
  if (options.mode === "dnsrr") return {};
  const take = (family: 4 | 6, address: string | undefined) =>
    takeAddress(network, { family, address, mac: "", owner }, task);
  const ipv4 = await take(4, options.ipv4);
  const ipv6 = await take(6, options.ipv6);
  if (ipv4 === undefined && ipv6 === undefined) {
    throw invalid(
      "network_without_addresses",
      `network "${network.name}" has no addresses to give: make the service with mode dnsrr`,
    );
  }
  return { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
}

/** Where names are not answered nobody would find it. */
function refuseUnnamed(network: NetworkCore): void {
  if (answersNames(network) && network.record.gatewayBridge !== true) return;
  const message = `names are not answered in network "${network.name}": make a network for the service`;
  throw forbidden("network_without_names", message);
}

/** @throws publish_not_shared, publish_internal, port_in_use */
function refuseUnpublished(
  { engine, name, record }: NetworkCore,
  { ports = [] }: CheckedServiceOptions,
): void {
  const published = ports.filter(({ hostPort }) => hostPort !== undefined);
  if (published.length === 0) return;
  if (record.shared !== true) {
    const message = `network "${name}" is this host's alone: publish on the service's endpoints, or make the network one that hosts share`;
    throw unsupported("publish_not_shared", message, name);
  }
  if (record.options.internal) {
    const message = `network "${name}" is internal: its services publish no ports`;
    throw invalid("publish_internal", message);
  }
  for (const { protocol, hostPort } of published) {
    const taker = [...engine.networks]
      .flatMap(({ services }) => [...services])
      .find(({ record: { options } }) =>
        options.ports?.some((one) => one.protocol === protocol && one.hostPort === hostPort),
      );
    if (taker === undefined) continue;
    const message = `service "${taker.name}" of network "${taker.network.name}" has host port ${hostPort}/${protocol}: choose another`;
    throw conflict("port_in_use", message, { protocol, hostPort });
  }
}

function refuseTaken({ services, name: network }: NetworkCore, name: string): void {
  if (services.byName(name) === undefined) return;
  const message = `network "${network}" has a service "${name}": choose another name`;
  throw conflict("service_name_in_use", message, name);
}
