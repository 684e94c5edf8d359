/**
 * Making a service: its addresses are the network's, and its name is found there.
 */
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
  refuseShared(network);
  hostname(name, "name");
  refuseTaken(network, name);
  const options = checkedServiceOptions(given);
  const { engine, ipam } = network;
  const service = await undoing(async (undo) => {
    const id = newId();
    if (ipam.remote) await readyIpam(network);
    const addresses = await takeAddresses(network, options, { engine, id, undo });
    const record: ServiceRecord = {
      id,
      networkId: network.id,
      name,
      created: Date.now(),
      options,
      ...addresses,
    };
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

async function takeAddresses(
  network: NetworkCore,
  options: CheckedServiceOptions,
  task: Undertaking,
): Promise<Pick<ServiceRecord, "ipv4" | "ipv6">> {
  if (options.mode === "dnsrr") return {};
  const take = (family: 4 | 6, address: string | undefined) =>
    takeAddress(network, { family, address, mac: "" }, task);
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

/** Its members are on several hosts, and each would know its own alone. */
function refuseShared({ name, record }: NetworkCore): void {
  if (record.shared !== true) return;
  const message = `network "${name}" is one of the cluster, and services are of one host yet: make a bridge network`;
  throw unsupported("network_shared", message, name);
}

function refuseTaken({ services, name: network }: NetworkCore, name: string): void {
  if (services.byName(name) === undefined) return;
  const message = `network "${network}" has a service "${name}": choose another name`;
  throw conflict("service_name_in_use", message, name);
}
