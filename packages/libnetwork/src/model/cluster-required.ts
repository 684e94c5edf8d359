/**
 * Drivers of networks that span hosts: without a cluster they are not there, and no plugin stands in for them.
 */
import { type CausewayError, invalid, unavailable } from "../errors.ts";

export const driversOfClusters: readonly string[] = ["overlay"];

const howToSetIt =
  'say which one by options.cluster, as { etcd: ["http://10.0.0.1:2379"], advertise: "eth0" }; of the daemon, by [cluster] in its settings';

/** A network is asked for, and this host is in no cluster. */
export function clusterRequired(type: string): CausewayError {
  const message = `networks of the ${type} driver span hosts, and this one is in no cluster: ${howToSetIt}`;
  return unavailable("cluster_required", message, type);
}

/** The driver is configured, and this host is to be in no cluster. */
export function clusterRequiredBySettings(type: string): CausewayError {
  const message = `options.drivers.${type}: the ${type} driver's networks span hosts, and options.cluster is missing: ${howToSetIt}`;
  return invalid("cluster_required", message, type);
}
