/**
 * Networks that are there from the start.
 */
import type { Engine } from "./engine.ts";
import { deleteNetwork } from "./network-deletion.ts";
import { makeNetwork, type NetworkWish } from "./network-maker.ts";
import { checkedNetworkOptions } from "./network-options.ts";

/** Makes one, unless it is there. One that was asked to be otherwise is made anew, if nobody is in it. */
export async function ensurePredefined(engine: Engine, wish: NetworkWish): Promise<void> {
  const there = engine.networks.byName(wish.name);
  if (there?.record.predefined === true) {
    const wanted = JSON.stringify(checkedNetworkOptions(wish.options));
    const same = JSON.stringify(there.record.options) === wanted;
    if (same || there.endpoints.size > 0) return;
    await deleteNetwork(there);
  }
  if (engine.networks.byName(wish.name) === undefined) await makeNetwork(engine, wish, { predefined: true });
}

/** Deletes those of other names, where nobody is in them. */
export async function dropPredefined(engine: Engine, wanted: readonly string[]): Promise<void> {
  for (const network of [...engine.networks]) {
    const { name, record, endpoints } = network;
    if (!record.predefined || wanted.includes(name) || endpoints.size > 0) continue;
    await deleteNetwork(network);
  }
}
