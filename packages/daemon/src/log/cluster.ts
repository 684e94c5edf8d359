/**
 * Whether etcd answers, as the log tells it: at the start, and each time that this changes.
 */
import type { NetworkController } from "@causeway/libnetwork";
import type { Logger } from "pino";

/** Goes on until the signal aborts. */
export function logCluster(logger: Logger, { cluster }: NetworkController, signal: AbortSignal): void {
  if (cluster === undefined) return;
  const { name: host, address } = cluster.self;
  let told: boolean | undefined;
  const tell = ({ available, reason }: typeof cluster.availability): void => {
    // Another reason is no news.
    if (available === told) return;
    told = available;
    if (available)
      logger.info({ host, address }, "etcd answers, by which this host shares networks with others");
    else
      logger.warn(
        { reason, mend },
        "etcd cannot be reached: nothing of the cluster's networks can be changed",
      );
  };
  tell(cluster.availability);
  cluster.onAvailability(tell, signal);
}

const mend = "see to etcd, and to the settings cluster.etcd, cluster.user and cluster.tls-...";
