// What every store and every shared store must do, over a real etcd.

import assert from "node:assert/strict";
import { after, before, describe, type TestContext } from "node:test";
import { type Etcd, type Gate, gateTo, startEtcd } from "../../../../../test/support/etcd.ts";
import { eventually } from "../../../../../test/support/eventually.ts";
import { needsPeer } from "../../../../../test/support/peers.ts";
import type { SharedStore } from "../../contracts/shared-store.ts";
import { sharedStoreContract } from "../shared/shared-store-contract.ts";
import { storeContract } from "../store-contract.ts";
import { EtcdStore } from "./etcd-store.ts";
import { checkClusterOptions } from "./options.ts";

describe("over etcd", { skip: needsPeer("etcd") }, () => {
  let etcd: Etcd;
  let clusters = 0;
  const cleaning: (() => unknown)[] = [];
  before(async () => {
    etcd = await startEtcd({ after: (clean) => cleaning.push(clean) });
  });
  after(async () => {
    for (const clean of cleaning) await clean();
  });

  /** A cluster of its own is an empty store. */
  const nextCluster = (): string => {
    clusters += 1;
    return `cluster-${clusters}`;
  };
  const open = (url: string, cluster: string): Promise<EtcdStore> =>
    EtcdStore.open(checkClusterOptions({ etcd: [url], cluster }), { patience: 300 });

  storeContract("etcd", () => open(etcd.urls[0] ?? "", nextCluster()), { isShared: true });

  sharedStoreContract("etcd", (t: TestContext) => {
    const cluster = nextCluster();
    const gates = new Map<SharedStore, Gate>();
    const gateOf = (store: SharedStore): Gate => {
      const gate = gates.get(store);
      assert.ok(gate);
      return gate;
    };
    const untilAvailable = (store: SharedStore, wanted: boolean): Promise<unknown> =>
      eventually(async () => {
        if (!wanted) await store.get("any", "thing").catch(() => undefined);
        assert.equal(store.availability.available, wanted);
      });
    return {
      connect: async () => {
        const gate = await gateTo(t, etcd.urls[0] ?? "");
        const store = await open(gate.url, cluster);
        gates.set(store, gate);
        return store;
      },
      // Revoked by somebody else: to its owner as one whose time is up.
      expire: async (lease) => {
        await etcd.ask("/v3/lease/revoke", { ID: lease });
      },
      cutOff: async (store) => {
        gateOf(store).shut();
        await untilAvailable(store, false);
      },
      back: async (store) => {
        gateOf(store).open();
        await untilAvailable(store, true);
      },
      compact: () => etcd.compact(),
    };
  });
});
