// The store that hosts share: what a commit to etcd takes, and how soon followers are told. etcd is on this machine, its data in memory.

import type { SharedStore } from "../packages/libnetwork/src/contracts/shared-store.ts";
import { EtcdStore } from "../packages/libnetwork/src/store/etcd/etcd-store.ts";
import { checkClusterOptions } from "../packages/libnetwork/src/store/etcd/options.ts";
import { startEtcd } from "../test/support/etcd.ts";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { median, percentile } from "./lib/stats.ts";

export const description = "the store that hosts share: commits to etcd, and followers (no bars)";

const SINGLE = 1000;
const IN_FLIGHT = 64;
const MANY = 10_000;
const FOLLOWERS = 20;
const FOLLOWED = 200;
const LISTED = 10_000;

/** About what is kept of an endpoint. */
const value = { host: "h".repeat(64), endpoint: "e".repeat(64), names: ["web"], address: "10.0.0.1" };

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using cleaning = new AsyncDisposableStack();
  const etcd = await startEtcd({ after: (clean) => cleaning.defer(async () => void (await clean())) });
  const open = async (): Promise<SharedStore> => {
    const store = await EtcdStore.open(checkClusterOptions({ etcd: etcd.urls }));
    cleaning.defer(() => store.close());
    return store;
  };
  const store = await open();
  log("one commit at a time");
  const single = await singleCommits(store);
  log(`${IN_FLIGHT} commits in flight`);
  const rate = await commitRate(store);
  log(`${FOLLOWERS} followers, each of a host of its own`);
  const followers = await Promise.all(Array.from({ length: FOLLOWERS }, open));
  const lags = await followerLags(store, followers);
  log("a listing");
  const start = performance.now();
  const { length } = await store.list("many");
  const listing = performance.now() - start;
  if (length !== LISTED) throw new Error(`${length} records were listed, and ${LISTED} put`);
  return [
    { name: "commit, median", value: median(single), unit: "ms" },
    { name: "commit, p99", value: percentile(single, 0.99), unit: "ms" },
    { name: `commits, ${IN_FLIGHT} in flight`, value: rate, unit: "1/s" },
    { name: `until ${FOLLOWERS} followers are told, median`, value: median(lags), unit: "ms" },
    { name: `until ${FOLLOWERS} followers are told, p99`, value: percentile(lags, 0.99), unit: "ms" },
    { name: `list of ${LISTED}`, value: listing, unit: "ms" },
  ];
}

async function singleCommits(store: SharedStore): Promise<number[]> {
  const times: number[] = [];
  for (let n = -100; n < SINGLE; n += 1) {
    const start = performance.now();
    await store.commit([{ op: "put", kind: "single", id: `${n}`, value, ifRevision: 0 }]);
    if (n >= 0) times.push(performance.now() - start); // the first ones warm up
  }
  return times;
}

async function commitRate(store: SharedStore): Promise<number> {
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < MANY) {
      next += 1;
      await store.commit([{ op: "put", kind: "many", id: `${next}`, value, ifRevision: 0 }]);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, writer));
  return MANY / ((performance.now() - start) / 1000);
}

/** From the call of commit() until the last follower was told, milliseconds. */
async function followerLags(store: SharedStore, followers: readonly SharedStore[]): Promise<number[]> {
  const ending = new AbortController();
  const readers = followers.map((follower) =>
    follower.follow("followed", ending.signal)[Symbol.asyncIterator](),
  );
  const each = (): Promise<unknown> => Promise.all(readers.map((reader) => reader.next()));
  await each(); // settled
  const lags: number[] = [];
  for (let n = 0; n < FOLLOWED; n += 1) {
    const start = performance.now();
    await Promise.all([store.commit([{ op: "put", kind: "followed", id: "one", value: n }]), each()]);
    lags.push(performance.now() - start);
  }
  ending.abort();
  return lags;
}
