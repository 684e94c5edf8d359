/**
 * Taking up, after a restart, what is stored: networks, then sandboxes, then endpoints. What cannot be taken up is
 * reported and stands in nobody's way.
 */
import { addressOf } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import type { PortBinding } from "../contracts/driver.ts";
import type { StoreChange } from "../contracts/store.ts";
import { unavailable } from "../errors.ts";
import { replayAddress, replayPool } from "./addressing.ts";
import { bindingText } from "./binding-selector.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { addEndpoint, endpointSpec } from "./endpoint-maker.ts";
import type { Engine } from "./engine.ts";
import { exhaustion } from "./exhaustion.ts";
import { restoreHostFiles } from "./host-files.ts";
import { renew } from "./joining.ts";
import { announceLost, sandboxLost } from "./lost.ts";
import { NetworkCore } from "./network-core.ts";
import { networkSpec } from "./network-maker.ts";
import { textIn } from "./record-shapes.ts";
import {
  type EndpointRecord,
  joinOrder,
  type NetworkRecord,
  put,
  type RecordKind,
  remove,
  type SandboxRecord,
} from "./records.ts";
import { SandboxCore } from "./sandbox-core.ts";
import { route } from "./sandbox-routing.ts";
import { readRecords } from "./stored-records.ts";

export interface RestoreProblem {
  readonly kind: RecordKind;
  readonly id: string;
  /** The id, where no name can be read. */
  readonly name: string;
  readonly error: unknown;
}

/** What could not be taken up is in `engine.unrestored` afterwards. */
export async function restore(engine: Engine): Promise<void> {
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
  for (const record of networks.records) {
    if (!record.options.persist) {
      changes.push(remove("network", record.id));
      continue;
    }
    await attempt("network", record, () => restoreNetwork(engine, record));
  }
  const sandboxes = await readRecords(engine, "sandbox");
  /** What could not be taken up, and what depends on it stays stored as it is. */
  const lost = new Set(engine.unrestored.keys());
  // Those that share a stack come after those that have one.
  const owners = sandboxes.records.filter(({ sharedWith }) => sharedWith === undefined);
  const sharers = sandboxes.records.filter(({ sharedWith }) => sharedWith !== undefined);
  for (const record of [...owners, ...sharers]) {
    const named = { id: record.id, name: record.containerId };
    await attempt("sandbox", named, () => restoreSandbox(engine, record, lost));
  }
  for (const { kind, id } of engine.unrestored.values()) if (kind === "sandbox") lost.add(id);
  const endpoints = await readRecords(engine, "endpoint");
  for (const value of endpoints.unreadable) await holdAddresses(engine, value);
  // In the order of their joining.
  const order = ({ join }: EndpointRecord) => (join === undefined ? 0 : joinOrder(join));
  for (const record of endpoints.records.sort((a, b) => order(a) - order(b))) {
    await attempt("endpoint", record, () => restoreEndpoint(engine, record, changes, lost));
  }
  if (changes.length > 0) await engine.commit(...changes);
  for (const sandbox of engine.sandboxes) if (sandbox.stackLost) announceLost(sandbox);
}

/** Puts sandboxes in order whose routes or interfaces are not as they were left. Before it the firewall stands. */
export async function mendSandboxes(engine: Engine): Promise<void> {
  for (const sandbox of engine.sandboxes) {
    // What is wrong with it is told already.
    if (engine.unrestored.has(sandbox.id)) continue;
    try {
      await mendSandbox(engine, sandbox);
    } catch (error) {
      noteProblem(engine, { kind: "sandbox", id: sandbox.id, name: sandbox.name, error });
    }
  }
}

function noteProblem(engine: Engine, problem: RestoreProblem): void {
  engine.unrestored.set(problem.id, { ...problem, error: exhaustion(problem.error) });
}

/** A run that was killed may have left other routes, and somebody's hand may have taken interfaces. */
async function mendSandbox(engine: Engine, sandbox: SandboxCore): Promise<void> {
  const { joined, namespace, lost: dead } = sandbox;
  if (dead) return;
  if (sandbox.owner === undefined) restoreHostFiles(sandbox);
  if (namespace === undefined || joined.size === 0) return;
  const live = engine.parts.netstack.interfaceStates(namespace);
  const lost = [...joined].filter(({ record: { join } }) => {
    const made = join?.interface;
    return made !== undefined && !live.some(({ index, name }) => index === made.index && name === made.name);
  });
  for (const endpoint of lost) joined.delete(endpoint);
  route(sandbox);
  for (const endpoint of lost) joined.add(endpoint);
  for (const endpoint of lost) await renew(endpoint, sandbox);
}

async function restoreNetwork(engine: Engine, record: NetworkRecord): Promise<void> {
  const network = new NetworkCore(engine, record);
  engine.networks.add(network);
  if (record.options.configOnly) return;
  for (const pool of record.pools) await replayPool(engine.ipam(record.options.ipamDriver), pool);
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
function restoreSandbox(engine: Engine, record: SandboxRecord, lost: ReadonlySet<string>): void {
  const { sharedWith } = record;
  if (sharedWith !== undefined && lost.has(sharedWith)) throw notRestored("sandbox", sharedWith);
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
  lost: ReadonlySet<string>,
): Promise<void> {
  const network = engine.networks.byId(stored.networkId);
  if (network === undefined) {
    if (lost.has(stored.networkId)) throw notRestored("network", stored.networkId);
    changes.push(remove("endpoint", stored.id));
    return;
  }
  const sandbox = stored.join === undefined ? undefined : engine.sandboxes.byId(stored.join.sandboxId);
  const { join, ...apart } = stored;
  const unseen = join !== undefined && sandbox === undefined && lost.has(join.sandboxId);
  const record: EndpointRecord = join !== undefined && sandbox === undefined && !unseen ? apart : stored;
  if (record !== stored) changes.push(put("endpoint", record));
  const { ipam } = network;
  const { pools } = network.record;
  const { ipv4, ipv6 } = record.interface;
  const { options } = record;
  if (ipv4 !== undefined) await replayAddress(ipam, pools, ipv4, isChosen(options.ipv4, ipv4));
  if (ipv6 !== undefined) await replayAddress(ipam, pools, ipv6, isChosen(options.ipv6, ipv6));
  const endpoint = addEndpoint(network, record);
  sandbox?.joined.add(endpoint);
  const missed = record.withheld;
  if (lost.has(network.id)) {
    setAside(endpoint, allBindings(record));
    throw notRestored("network", network.name);
  }
  await restoreInDriver(endpoint);
  if (missed !== undefined && endpoint.record.withheld === undefined)
    changes.push(put("endpoint", endpoint.record));
  if (unseen) throw staysIn(join.sandboxId);
}

/**
 * Has the driver take it up, with the ports that it lacked before.
 *
 * @throws why the first of the ports is withheld that are somebody else's now
 */
export async function restoreInDriver(endpoint: EndpointCore): Promise<void> {
  const { engine, network, driver, sandbox, record } = endpoint;
  const bindings = allBindings(record);
  setAside(endpoint, bindings);
  // One whose sandbox could not be looked at is in it.
  const isJoined = record.join !== undefined && sandbox?.lost !== true;
  const state = { ...record.state, bindings };
  const refused = await driver.restoreEndpoint(endpointSpec(record), state, isJoined);
  setAside(
    endpoint,
    refused.map(({ binding }) => binding),
  );
  const [first] = refused;
  if (first === undefined) return;
  const ports = refused.map(({ binding }) => bindingText(binding)).join(",");
  engine.events.emit("endpoint:port-taken", endpoint, { network: network.id, ports });
  throw first.error;
}

function allBindings({ state, withheld = [] }: EndpointRecord): readonly PortBinding[] {
  return [...state.bindings, ...withheld];
}

/** From now on it lacks these ports, and has the others. */
function setAside(endpoint: EndpointCore, lacking: readonly PortBinding[]): void {
  const { withheld: _, ...record } = endpoint.record;
  const bindings = allBindings(endpoint.record).filter((binding) => !lacking.includes(binding));
  const held = { ...record, state: { ...record.state, bindings } };
  endpoint.record = lacking.length === 0 ? held : { ...held, withheld: lacking };
}

/** What could not be read keeps its interface and its addresses: nobody else may get these. */
async function holdAddresses(engine: Engine, value: unknown): Promise<void> {
  const network = engine.networks.byId(textIn(value, "networkId") ?? "");
  if (network === undefined || network.configOnly) return;
  for (const family of ["ipv4", "ipv6"]) {
    try {
      const cidr = textIn(value, "interface", family);
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
