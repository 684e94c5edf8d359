/**
 * Deleting a service: nobody may belong to it.
 */
import { forbidden } from "../../errors.ts";
import { addressReleases } from "../addressing.ts";
import { ofPlugins } from "../intents/notes.ts";
import type { Step } from "../intents/step.ts";
import { tellRecords } from "../names/network-records.ts";
import { clusterMissing } from "../network-deletion.ts";
import { remove } from "../records.ts";
import { finishing } from "../undo.ts";
import { reviewService } from "./balancing.ts";
import { endpointsOf } from "./members.ts";
import type { ServiceCore } from "./service-core.ts";

/**
 * One durable write comes first. Whoever calls holds the network's lock.
 *
 * @throws service_has_endpoints; of a network of the cluster cluster_required, service_going, store_unavailable
 */
export async function deleteService(service: ServiceCore): Promise<void> {
  service.assertUsable();
  refuseEndpoints(service);
  const { engine, network, id, name } = service;
  if (network.record.shared === true) await deleteEverywhere(service);
  const steps = stepsOf(service);
  await engine.intents.commit(new Map([[id, ofPlugins(network, steps)]]), remove("service", id));
  await finishing(
    `deleting service "${name}"`,
    () => forgetService(service),
    () => tellRecords(network),
    ...steps.toReversed().map((step) => () => engine.intents.carry(id, step)),
    () => engine.intents.close(id),
  );
  engine.events.emit("service:delete", service, { network: network.id });
}

/** What the IPAM is asked for; the last step comes first. */
function stepsOf({ network, record }: ServiceCore): readonly Step[] {
  const { ipam, id: networkId } = network;
  // What the cluster has given went with the service.
  if (network.record.shared === true && !ipam.remote) return [];
  const { ipv4, ipv6 } = record;
  const owner = { networkId, endpointId: record.id };
  return addressReleases(ipam, network.record.pools, owner, { mac: "", ipv4, ipv6 });
}

/** @throws service_has_endpoints, cluster_required, service_going, store_unavailable */
async function deleteEverywhere({ engine, network, record }: ServiceCore): Promise<void> {
  if (engine.global === undefined) throw clusterMissing(network.name);
  await engine.global.deleteService(record);
}

/** It is found no more, and leads nowhere. */
export function forgetService(service: ServiceCore): void {
  const { network } = service;
  service.deleted = true;
  network.services.remove(service);
  reviewService(service);
}

function refuseEndpoints(service: ServiceCore): void {
  const names = endpointsOf(service).map(({ name }) => name);
  if (names.length === 0) return;
  const list = names.slice(0, 10).join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
  const message = `service "${service.name}" has endpoints: ${list}; delete them first`;
  throw forbidden("service_has_endpoints", message, { endpoints: names });
}
