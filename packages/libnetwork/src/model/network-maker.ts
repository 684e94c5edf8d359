/**
 * Making a network: what is checked, taken and made before it is stored.
 */
import type { NetworkSpec } from "../contracts/driver.ts";
import { conflict, forbidden, invalid, notFound } from "../errors.ts";
import { ipamData, takePools } from "./addressing.ts";
import type { Engine } from "./engine.ts";
import { sharedSubnets } from "./global/overlap.ts";
import { checkedName, newId } from "./ids.ts";
import { asking, commitMade } from "./intents/asking.ts";
import { expectQuestions } from "./names/sandbox-resolver.ts";
import { NetworkCore } from "./network-core.ts";
import { type CheckedNetworkOptions, checkedNetworkOptions, type NetworkOptions } from "./network-options.ts";
import { type NetworkRecord, put } from "./records.ts";
import { type UndoStack, undoing } from "./undo.ts";

/** A network as somebody wants it. */
export interface NetworkWish {
  readonly driver: string;
  readonly name: string;
  readonly options: NetworkOptions;
}

interface Standing {
  /** It is there from the start, and users cannot delete it. */
  readonly predefined: boolean;
  /** Sandboxes get on it by themselves. Default: false. */
  readonly gatewayBridge?: boolean;
}

/** Makes a network and stores it. */
export function makeNetwork(engine: Engine, wish: NetworkWish, standing: Standing): Promise<NetworkCore> {
  return engine.exclusively([`network-name:${wish.name}`], () =>
    undoing(async (undo) => {
      const network = await prepareNetwork(engine, wish, standing, undo);
      if (network.record.shared === true) await engine.global?.create(network, undo);
      await commitMade(engine, undo, put("network", network.record));
      engine.events.emit("network:create", network, { type: network.record.driver });
      expectQuestions(engine, network.record);
      return network;
    }),
  );
}

async function prepareNetwork(
  engine: Engine,
  { driver: type, name, options: given }: NetworkWish,
  { predefined, gatewayBridge = false }: Standing,
  undo: UndoStack,
): Promise<NetworkCore> {
  checkedName("network", name);
  if (engine.networks.byName(name) !== undefined) {
    throw conflict("network_name_in_use", `there is a network "${name}" already: choose another name`, name);
  }
  const options = withConfiguration(engine, checkedNetworkOptions(given), given);
  const base = {
    id: newId(),
    name,
    created: Date.now(),
    predefined,
    ...(gatewayBridge && { gatewayBridge }),
    options,
  };
  if (options.configOnly)
    return addNetwork(engine, { ...base, driver: "", pools: [], driverState: null }, undo);
  const driver = await engine.findDriver(type);
  if (driver.traits.singleton && !predefined) {
    throw forbidden(
      "driver_singleton",
      `there is one ${type} network, and it is there already: use it`,
      type,
    );
  }
  const ipam = await engine.findIpam(options.ipamDriver);
  await engine.parts.netstack.sweptLinksGone();
  driver.validateNetwork({ name, internal: options.internal, options: options.driverOptions });
  const avoid = () => [...engine.parts.netstack.hostPrefixes(), ...sharedSubnets(engine)];
  const task = { engine, id: base.id, undo };
  const pools = await takePools(ipam, driver, options, avoid, task);
  const isShared = driver.scope === "global" && engine.global !== undefined;
  const record: NetworkRecord = {
    ...base,
    driver: type,
    pools,
    driverState: null,
    ...(isShared && { shared: true }),
  };
  const deletion = { do: "delete-network", driver: type, networkId: record.id } as const;
  const driverState = await asking(task, driver, deletion, () => driver.createNetwork(networkSpec(record)));
  return addNetwork(engine, { ...record, driverState }, undo);
}

/** What a driver is told of a network. */
export function networkSpec({ id, name, options, pools }: NetworkRecord): NetworkSpec {
  const { internal, driverOptions } = options;
  return { id, name, internal, options: driverOptions, ipv4: ipamData(pools, 4), ipv6: ipamData(pools, 6) };
}

/** The options of the config-only network that is named, with what only the user can say. */
function withConfiguration(
  engine: Engine,
  options: CheckedNetworkOptions,
  given: NetworkOptions,
): CheckedNetworkOptions {
  const { configFrom } = options;
  if (configFrom === undefined) return options;
  const source = engine.networks.byName(configFrom);
  if (source === undefined || !source.configOnly) {
    throw notFound(
      "config_network_not_found",
      `there is no config-only network "${configFrom}": make it first, with configOnly`,
      configFrom,
    );
  }
  const own = (["ipam", "driverOptions", "ipv4", "ipv6", "internal", "configOnly"] as const).filter(
    (key) => given[key] !== undefined,
  );
  if (own.length > 0) {
    throw invalid(
      "contradictory_options",
      `options: ${own.join(", ")} come from network "${configFrom}": leave them out`,
    );
  }
  const { ipamDriver, ipamOptions, ipamConfig, ipv4, ipv6, internal, driverOptions, dns, dnsTtl, labels } =
    source.record.options;
  return {
    ...options,
    ipamDriver,
    ipamOptions,
    ipamConfig,
    ipv4,
    ipv6,
    internal,
    driverOptions,
    dns: options.dns.length > 0 ? options.dns : dns,
    dnsTtl: options.dnsTtl ?? dnsTtl,
    labels: { ...labels, ...options.labels },
  };
}

/** From now on it is found. */
function addNetwork(engine: Engine, record: NetworkRecord, undo: UndoStack): NetworkCore {
  const network = new NetworkCore(engine, record);
  engine.networks.add(network);
  undo.push(() => {
    network.deleted = true;
    engine.networks.remove(network);
  });
  return network;
}
