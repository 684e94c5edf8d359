// A simulated host's store.

import type { SharedStore } from "../../packages/libnetwork/src/contracts/shared-store.ts";
import { EtcdStore } from "../../packages/libnetwork/src/store/etcd/etcd-store.ts";
import { checkClusterOptions } from "../../packages/libnetwork/src/store/etcd/options.ts";

export function openStore(etcd: readonly string[]): Promise<SharedStore> {
  return EtcdStore.open(checkClusterOptions({ etcd, cluster: "simulation" }));
}
