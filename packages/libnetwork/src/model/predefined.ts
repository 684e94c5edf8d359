/**
 * Networks that are there from the start: those of drivers that have no others, and the default network (docker0's role).
 */
import { type DefaultNetworkOptions, singletonNetworks } from "./controller-options.ts";
import type { Engine } from "./engine.ts";
import { deleteNetwork } from "./network-deletion.ts";
import { makeNetwork, type NetworkWish } from "./network-maker.ts";
import { checkedNetworkOptions } from "./network-options.ts";
import { isUnreadable } from "./stored-records.ts";

const defaultNetworkName = "bridge";
const defaultBridgeName = "causeway0";

const singletons: readonly NetworkWish[] = singletonNetworks.map((network) => ({ ...network, options: {} }));

/**
 * Sees to it that these are there, and no others: `wanted` is the default network, or false for none. One that is stored, and could
 * not be read, is not made a second time.
 */
export async function ensureNetworks(engine: Engine, wanted: DefaultNetworkOptions | false): Promise<void> {
  const unread = [...engine.unrestored.values()].filter(
    (problem) => problem.kind === "network" && isUnreadable(problem),
  );
  // Without a name it may be any of them.
  const mayBeStored = (wish: NetworkWish) => unread.some(({ id, name }) => name === id || name === wish.name);
  for (const network of singletons) {
    if (!mayBeStored(network)) await ensurePredefined(engine, network);
  }
  const byDefault = wanted === false ? [] : [defaultNetwork(wanted)];
  // Before the default one is made: the one of another name may have its bridge.
  await dropPredefined(
    engine,
    [...singletons, ...byDefault].map(({ name }) => name),
  );
  for (const network of byDefault) {
    if (!mayBeStored(network)) await ensurePredefined(engine, network);
  }
}

function defaultNetwork({
  name = defaultNetworkName,
  bridgeName = defaultBridgeName,
  subnet,
  subnetIpv6,
  driverOptions = {},
}: DefaultNetworkOptions): NetworkWish {
  const config = [subnet, subnetIpv6]
    .filter((given) => given !== undefined)
    .map((given) => ({ subnet: given }));
  return {
    driver: "bridge",
    name,
    options: { driverOptions: { bridgeName, ...driverOptions }, ipam: { config } },
  };
}

/** Makes one, unless it is there. One that was asked to be otherwise is made anew, if nobody is in it. */
async function ensurePredefined(engine: Engine, wish: NetworkWish): Promise<void> {
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
async function dropPredefined(engine: Engine, wanted: readonly string[]): Promise<void> {
  for (const network of [...engine.networks]) {
    const { name, record, endpoints } = network;
    if (!record.predefined || wanted.includes(name) || endpoints.size > 0) continue;
    await deleteNetwork(network);
  }
}
