/**
 * Deleting a network: nobody may be in it, and no other may have its options from it.
 */
import { type CausewayError, forbidden, unavailable } from "../errors.ts";
import { poolReleases } from "./addressing.ts";
import { ofPlugins } from "./intents/notes.ts";
import type { Step } from "./intents/step.ts";
import { tellRecords } from "./names/network-records.ts";
import type { NetworkCore } from "./network-core.ts";
import { remove } from "./records.ts";
import { finishing } from "./undo.ts";

/**
 * Deletes it, predefined or not. Whoever calls holds its lock.
 *
 * @throws network_has_endpoints, network_has_services, network_in_use_as_config; of one of the cluster cluster_required, network_going, store_unavailable
 */
export async function deleteNetwork(network: NetworkCore): Promise<void> {
  refuseEndpoints(network);
  refuseServices(network);
  refuseUsers(network);
  const { engine, id, name, record } = network;
  if (record.shared === true) await deleteEverywhere(network);
  const steps = stepsOf(network);
  const notes = new Map([[id, steps.length === 0 ? [] : ofPlugins(network, steps)]]);
  // Of one of the cluster this host may not have heard yet that its services are gone.
  const services = [...network.services].map((service) => remove("service", service.id));
  await engine.intents.commit(notes, remove("network", id), ...services);
  network.deleted = true;
  engine.networks.remove(network);
  engine.unrestored.delete(id);
  await finishing(
    `deleting network "${name}"`,
    () => tellRecords(network),
    ...steps.toReversed().map((step) => () => engine.intents.carry(id, step)),
    () => engine.intents.close(id),
    () => engine.events.emit("network:delete", network, { type: record.driver }),
  );
}

/** What its driver and its IPAM are asked for; the last step comes first. */
function stepsOf({ id, record, ipam, configOnly }: NetworkCore): readonly Step[] {
  if (configOnly) return [];
  // What the cluster has given went with the network.
  const pools = record.shared === true && !ipam.remote ? [] : record.pools;
  return [
    ...pools.toReversed().flatMap((pool) => poolReleases(ipam, id, pool)),
    { do: "delete-network", driver: record.driver, networkId: id },
  ];
}

/** @throws network_has_endpoints, cluster_required, network_going, store_unavailable */
async function deleteEverywhere(network: NetworkCore): Promise<void> {
  const { engine, name } = network;
  if (engine.global === undefined) throw clusterMissing(name);
  await engine.global.delete(network);
}

/** Hosts share the network, and this one asks none of them. */
export function clusterMissing(network: string): CausewayError {
  const message = `network "${network}" is the cluster's, and this host is in none: open the controller with options.cluster`;
  return unavailable("cluster_required", message);
}

function refuseEndpoints({ name, endpoints }: NetworkCore): void {
  if (endpoints.size === 0) return;
  const names = [...endpoints].map((endpoint) => endpoint.name);
  const list = names.slice(0, 10).join(", ") + (names.length > 10 ? ` and ${names.length - 10} more` : "");
  const message = `network "${name}" has active endpoints: ${list}; delete them first`;
  throw forbidden("network_has_endpoints", message, { endpoints: names });
}

function refuseServices({ name, services, record }: NetworkCore): void {
  // Of one of the cluster that says who decides.
  if (services.size === 0 || record.shared === true) return;
  const names = [...services].map((service) => service.name);
  const message = `network "${name}" has services: ${names.slice(0, 10).join(", ")}; delete them first`;
  throw forbidden("network_has_services", message, { services: names });
}

function refuseUsers({ engine, name, configOnly }: NetworkCore): void {
  if (!configOnly) return;
  const user = [...engine.networks].find(({ record }) => record.options.configFrom === name);
  if (user === undefined) return;
  const message = `network "${user.name}" has its options from "${name}": delete it first`;
  throw forbidden("network_in_use_as_config", message);
}
