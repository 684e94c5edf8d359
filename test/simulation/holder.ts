// A process with a share of the simulated hosts: does what it is told, one thing after the other, and answers with what it saw.
// `node holder.ts SIZE SHARE ENDPOINTS`, all JSON.

import { peerKind } from "../../packages/libnetwork/src/cluster/kinds.ts";
import type { Peer } from "../../packages/libnetwork/src/contracts/overlay.ts";
import type { SharedStore } from "../../packages/libnetwork/src/contracts/shared-store.ts";
import { CausewayError } from "../../packages/libnetwork/src/errors.ts";
import { SimulatedHost } from "./host.ts";
import { networkOf, networksOf, type Size, shareOf } from "./plan.ts";
import { openStore } from "./store.ts";

export type Order =
  /** All hosts come, so many at a time. */
  | { readonly do: "register"; readonly atOnce: number }
  /** The networks that are this process's hosts' to make. */
  | { readonly do: "make networks"; readonly atOnce: number }
  /** So many endpoints of each host join. */
  | { readonly do: "join"; readonly each: number; readonly atOnce: number }
  /** So many endpoints of each host leave, and as many others join. */
  | { readonly do: "replace"; readonly each: number; readonly atOnce: number }
  /** Holds every table against what the store says. */
  | { readonly do: "look" }
  | { readonly do: "end" };

export interface Sight {
  /** Entries of tables that are not as they should be, and endpoints that the store does not have. */
  readonly wrong: number;
  readonly entries: number;
  /** Bytes. */
  readonly resident: number;
}

export interface Done {
  /** Milliseconds. */
  readonly took: number;
  /** Milliseconds from a host's asking for an endpoint to be told until another host's table had it, some of them. */
  readonly told: readonly number[];
  /** Joins that failed with store_unavailable, and were tried again. */
  readonly refused: number;
  readonly sight?: Sight;
}

/** Of all that was told so much is kept, evenly. */
const mostTold = 20_000;
/** Between tries, milliseconds. */
const pause = 250;

const [, , sizeText = "", shareText = "", endpointsText = ""] = process.argv;
const size = JSON.parse(sizeText) as Size;
const share = shareOf(size, Number(shareText));
const endpoints = JSON.parse(endpointsText) as readonly string[];
let told: number[] = [];
let tellings = 0;
let refused = 0;
const hosts = new Map<number, SimulatedHost>();
let observer: SharedStore | undefined;

for await (const order of orders()) {
  const began = performance.now();
  told = [];
  tellings = 0;
  refused = 0;
  const sight = await carryOut(order);
  const done: Done = {
    took: performance.now() - began,
    told,
    refused,
    ...(sight !== undefined && { sight }),
  };
  process.send?.(done);
  if (order.do === "end") break;
}
process.disconnect();

async function* orders(): AsyncGenerator<Order> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<Order>();
    process.once("message", (order) => resolve(order as Order));
    yield await promise;
  }
}

async function carryOut(order: Order): Promise<Sight | undefined> {
  switch (order.do) {
    case "register":
      await forAll(share, order.atOnce, async (number) => {
        const host = new SimulatedHost(number, await openStore(endpoints), note);
        hosts.set(number, host);
        await host.register();
      });
      return undefined;
    case "make networks":
      await forAll(ownNetworks(), order.atOnce, ({ network, host }) => host.makeNetwork(network));
      return undefined;
    case "join":
      await forAll(turns(order.each), order.atOnce, ({ host, network }) =>
        insistently(() => host.join(network)),
      );
      return undefined;
    case "replace":
      await forAll(turns(order.each), order.atOnce, async ({ host, network }) => {
        await host.leave();
        await insistently(() => host.join(network));
      });
      return undefined;
    case "look":
      return look();
    case "end":
      for (const host of hosts.values()) await host.close();
      await observer?.close();
      return undefined;
  }
}

function ownNetworks() {
  return Array.from({ length: size.networks }, (_, number) => networkOf(size, number)).flatMap((network) => {
    const host = hosts.get(network.maker);
    return host === undefined ? [] : [{ network, host }];
  });
}

/** Host after host, and for each its networks in turn. */
function turns(each: number) {
  return Array.from({ length: each }, (_, turn) => turn).flatMap((turn) =>
    [...hosts].map(([number, host]) => {
      const networks = networksOf(size, number);
      return { host, network: networkOf(size, networks[turn % networks.length] ?? 0) };
    }),
  );
}

async function look(): Promise<Sight> {
  observer ??= await openStore(endpoints);
  const store = observer;
  const listed = new Map<string, Promise<readonly Peer[]>>();
  const peersOf = (networkId: string) => {
    const peers = listed.get(networkId) ?? list(store, networkId);
    listed.set(networkId, peers);
    return peers;
  };
  let wrong = 0;
  let entries = 0;
  for (const host of hosts.values()) {
    wrong += (await host.wrongEntries(peersOf)) + (await host.ownPeersMissing(peersOf));
    entries += host.entries;
  }
  return { wrong, entries, resident: process.memoryUsage.rss() };
}

async function list(store: SharedStore, networkId: string): Promise<readonly Peer[]> {
  return (await store.list(peerKind(networkId))).map(({ value }) => value as unknown as Peer);
}

function note(milliseconds: number): void {
  tellings++;
  if (told.length < mostTold) told.push(milliseconds);
  else {
    const place = Math.floor(Math.random() * tellings);
    if (place < mostTold) told[place] = milliseconds;
  }
}

/** As whoever needs it would: what failed because etcd was away is tried again. */
async function insistently(action: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof CausewayError && error.code === "store_unavailable")) throw error;
      refused++;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

async function forAll<T>(
  items: readonly T[],
  atOnce: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of queue) await action(item);
    }),
  );
}
