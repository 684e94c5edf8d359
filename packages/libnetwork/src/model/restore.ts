/**
 * Taking up, after a restart, what is stored: networks, then sandboxes, then endpoints. What cannot be taken up is
 * reported and stands in nobody's way.
 */
import { addressOf } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import type { StoreChange } from "../contracts/store.ts";
import { unavailable } from "../errors.ts";
import { replayAddress, replayPool } from "./addressing.ts";
import { addEndpoint } from "./endpoint-maker.ts";
import type { Engine } from "./engine.ts";
import { announceLost, sandboxLost } from "./lost.ts";
import { tellRecords } from "./names/network-records.ts";
import { expectQuestions } from "./names/sandbox-resolver.ts";
import { NetworkCore } from "./network-core.ts";
import { networkSpec } from "./network-maker.ts";
import { noteProblem } from "./problems.ts";
import { textIn } from "./record-shapes.ts";
import {
  type EndpointRecord,
  joinOrder,
  type NetworkRecord,
  put,
  type RecordKind,
  remove,
  type SandboxRecord,
  type ServiceRecord,
  withoutJoin,
} from "./records.ts";
import { SandboxCore } from "./sandbox-core.ts";
import { addService } from "./services/service-maker.ts";
import { readRecords } from "./stored-records.ts";
import { ownBindings, restoreInDriver, withhold } from "./withheld-ports.ts";

/** What could not be taken up is in `engine.unrestored` afterwards. */
export async function restore(engine: Engine): Promise<void> {
  await engine.intents.load();
  const attempt = async (
    kind: RecordKind,
    { id, name }: { id: string; name: string },
    action: () => unknown,
  ) => {
    try {
      await action();
    } catch (error) {
      noteProblem(engine, { kind, id, name, error });
    }
  };
  const changes: StoreChange[] = [];
  const networks = await readRecords(engine, "network");
  // First of all: its thread takes longer to begin than anything here.
  for (const record of networks.records) if (record.options.persist) expectQuestions(engine, record);
  for (const record of networks.records) {
    if (!record.options.persist) {
      changes.push(remove("network", record.id));
      continue;
    }
    await attempt("network", record, () => restoreNetwork(engine, record));
  }
  const services = await readRecords(engine, "service");
  for (const value of services.unreadable) await holdAddresses(engine, value);
  for (const record of services.records)
    await attempt("service", record, () => restoreService(engine, record, changes));
  for (const network of engine.networks) tellRecords(network);
  const sandboxes = await readRecords(engine, "sandbox");
  /** What could not be taken up: what depends on it stays stored as it is. */
  const missed = new Set(engine.unrestored.keys());
  // Those that share a stack come after those that have one.
  const owners = sandboxes.records.filter(({ sharedWith }) => sharedWith === undefined);
  const sharers = sandboxes.records.filter(({ sharedWith }) => sharedWith !== undefined);
  for (const record of [...owners, ...sharers]) {
    const named = { id: record.id, name: record.containerId };
    await attempt("sandbox", named, () => restoreSandbox(engine, record, missed));
  }
  for (const { kind, id } of engine.unrestored.values()) if (kind === "sandbox") missed.add(id);
  const endpoints = await readRecords(engine, "endpoint");
  for (const value of endpoints.unreadable) await holdAddresses(engine, value);
  // In the order of their joining.
  const order = ({ join }: EndpointRecord) => (join === undefined ? 0 : joinOrder(join));
  for (const record of endpoints.records.sort((a, b) => order(a) - order(b))) {
    await attempt("endpoint", record, () => restoreEndpoint(engine, record, changes, missed));
  }
  if (changes.length > 0) await engine.commit(...changes);
  for (const sandbox of engine.sandboxes) if (sandbox.stackLost) announceLost(sandbox);
}

async function restoreNetwork(engine: Engine, record: NetworkRecord): Promise<void> {
  const network = new NetworkCore(engine, record);
  engine.networks.add(network);
  if (record.options.configOnly) return;
  const ipam = engine.ipam(record.options.ipamDriver);
  if (ipam.remote) network.replayed = record.shared === true;
  // What the cluster has given is asked of the cluster, when it can be: returning.ts.
  else if (record.shared !== true) for (const pool of record.pools) await replayPool(ipam, pool);
  await restoreNetworkInDriver(network);
}

export async function restoreNetworkInDriver({ driver, record }: NetworkCore): Promise<void> {
  await driver.restoreNetwork(networkSpec(record), record.driverState);
}

/**
 * A sandbox whose namespace is gone, or has another in its place, is there all the same.
 *
 * @throws sandbox_lost when it is, to be told as a problem
 */
function restoreSandbox(engine: Engine, record: SandboxRecord, missed: ReadonlySet<string>): void {
  const { sharedWith } = record;
  if (sharedWith !== undefined && missed.has(sharedWith)) throw notRestored("sandbox", sharedWith);
  const { netstack } = engine.parts;
  const { useHostNetwork } = record.options;
  const present = useHostNetwork ? { ...record, namespace: netstack.hostNamespace() } : record;
  const sandbox = new SandboxCore(engine, present);
  engine.sandboxes.add(sandbox);
  const { namespace } = present;
  const isGone = namespace !== undefined && !useHostNetwork && !netstack.isThere(namespace);
  sandbox.stackLost = isGone || (sharedWith !== undefined && sandbox.owner === undefined);
  if (sandbox.lost) throw sandboxLost(sandbox);
}

/**
 * One that cannot be taken up in full, for somebody has a port of its now, is there all the same, without that port: its name
 * stays taken, and it can be deleted, or the port published anew. The port is tried again at the next start. One whose sandbox could not
 * be looked at stays in it.
 */
async function restoreEndpoint(
  engine: Engine,
  stored: EndpointRecord,
  changes: StoreChange[],
  missed: ReadonlySet<string>,
): Promise<void> {
  const network = engine.networks.byId(stored.networkId);
  if (network === undefined) {
    if (missed.has(stored.networkId)) throw notRestored("network", stored.networkId);
    changes.push(remove("endpoint", stored.id));
    return;
  }
  const sandbox = stored.join === undefined ? undefined : engine.sandboxes.byId(stored.join.sandboxId);
  const { join } = stored;
  const unseen = join !== undefined && sandbox === undefined && missed.has(join.sandboxId);
  const record: EndpointRecord =
    join !== undefined && sandbox === undefined && !unseen ? withoutJoin(stored) : stored;
  if (record !== stored) changes.push(put("endpoint", record));
  const { ipam } = network;
  const { pools } = network.record;
  const { ipv4, ipv6 } = record.interface;
  const { options } = record;
  if (!ipam.remote && network.record.shared !== true) {
    if (ipv4 !== undefined) await replayAddress(ipam, pools, ipv4, isChosen(options.ipv4, ipv4));
    if (ipv6 !== undefined) await replayAddress(ipam, pools, ipv6, isChosen(options.ipv6, ipv6));
  }
  const endpoint = addEndpoint(network, record);
  sandbox?.joined.add(endpoint);
  const before = record.withheld;
  if (missed.has(network.id)) {
    withhold(endpoint, ownBindings(record));
    throw notRestored("network", network.name);
  }
  await restoreInDriver(endpoint);
  if (before !== undefined && endpoint.record.withheld === undefined)
    changes.push(put("endpoint", endpoint.record));
  if (unseen) throw staysIn(join.sandboxId);
}

/** Its members are found when the endpoints are there. */
async function restoreService(engine: Engine, record: ServiceRecord, changes: StoreChange[]): Promise<void> {
  const network = engine.networks.byId(record.networkId);
  if (network === undefined) {
    if (engine.unrestored.has(record.networkId)) throw notRestored("network", record.networkId);
    changes.push(remove("service", record.id));
    return;
  }
  const { ipam } = network;
  const { pools } = network.record;
  const { ipv4, ipv6, options } = record;
  if (!ipam.remote && network.record.shared !== true) {
    if (ipv4 !== undefined) await replayAddress(ipam, pools, ipv4, isChosen(options.ipv4, ipv4));
    if (ipv6 !== undefined) await replayAddress(ipam, pools, ipv6, isChosen(options.ipv6, ipv6));
  }
  addService(network, record);
}

/** What could not be read keeps its interface and its addresses: nobody else may get these. */
async function holdAddresses(engine: Engine, value: unknown): Promise<void> {
  const network = engine.networks.byId(textIn(value, "networkId") ?? "");
  if (network === undefined || network.configOnly || network.ipam.remote || network.record.shared === true)
    return;
  for (const family of ["ipv4", "ipv6"]) {
    try {
      const cidr = textIn(value, "interface", family) ?? textIn(value, family);
      if (cidr !== undefined) await replayAddress(network.ipam, network.record.pools, cidr, true);
    } catch {
      // It is no address, or not of this network: it is reported already that the record is not as it should be.
    }
  }
}

function staysIn(sandboxId: string): Error {
  return unavailable(
    "sandbox_not_restored",
    `its sandbox ${sandboxId} could not be taken up, and the endpoint stays in it: mend that and open again`,
  );
}

function notRestored(kind: "network" | "sandbox", name: string): Error {
  return unavailable(
    `${kind}_not_restored`,
    `its ${kind} "${name}" could not be taken up: mend that and open again, or delete both`,
  );
}

function isChosen(wanted: string | undefined, cidr: string): boolean {
  return wanted !== undefined && parseIp(wanted).toString() === addressOf(cidr);
}
