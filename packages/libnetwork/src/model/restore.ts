/**
 * Taking up, after a restart, what is stored: networks, then sandboxes, then endpoints. What cannot be taken up is
 * reported and stands in nobody's way.
 */
import { addressOf } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import type { StoreChange } from "../contracts/store.ts";
import { unavailable } from "../errors.ts";
import { replayAddress, replayPool } from "./addressing.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { addEndpoint, endpointSpec } from "./endpoint-maker.ts";
import type { Engine } from "./engine.ts";
import { renew } from "./joining.ts";
import { NetworkCore } from "./network-core.ts";
import { networkSpec } from "./network-maker.ts";
import {
  type EndpointRecord,
  type NetworkRecord,
  put,
  type RecordKind,
  remove,
  type SandboxRecord,
} from "./records.ts";
import { SandboxCore } from "./sandbox-core.ts";
import { route } from "./sandbox-routing.ts";

export interface RestoreProblem {
  readonly kind: RecordKind;
  readonly id: string;
  readonly name: string;
  readonly error: unknown;
}

export async function restore(engine: Engine): Promise<readonly RestoreProblem[]> {
  const problems: RestoreProblem[] = [];
  const attempt = async (
    kind: RecordKind,
    { id, name }: { id: string; name: string },
    action: () => unknown,
  ) => {
    try {
      await action();
    } catch (error) {
      const problem = { kind, id, name, error };
      problems.push(problem);
      engine.unrestored.set(id, problem);
    }
  };
  const changes: StoreChange[] = [];
  for (const record of await records<NetworkRecord>(engine, "network")) {
    if (!record.options.persist) {
      changes.push(remove("network", record.id));
      continue;
    }
    await attempt("network", record, () => restoreNetwork(engine, record));
  }
  const failedNetworks = new Set(problems.map(({ id }) => id));
  const sandboxes = await records<SandboxRecord>(engine, "sandbox");
  // Those that share a stack come after those that have one.
  const owners = sandboxes.filter(({ sharedWith }) => sharedWith === undefined);
  const sharers = sandboxes.filter(({ sharedWith }) => sharedWith !== undefined);
  for (const record of [...owners, ...sharers]) {
    const named = { id: record.id, name: record.containerId };
    await attempt("sandbox", named, () => restoreSandbox(engine, record, changes));
  }
  // In the order of their joining: interfaces of a sandbox are numbered as they are made.
  const endpoints = await records<EndpointRecord>(engine, "endpoint");
  const order = ({ join }: EndpointRecord) => join?.interface?.index ?? 0;
  for (const record of endpoints.sort((a, b) => order(a) - order(b))) {
    await attempt("endpoint", record, () => restoreEndpoint(engine, record, changes, failedNetworks));
  }
  if (changes.length > 0) await engine.commit(...changes);
  for (const sandbox of engine.sandboxes) {
    await attempt("sandbox", sandbox, () => mendSandbox(engine, sandbox));
  }
  return problems;
}

/** A run that was killed may have left other routes, and somebody's hand may have taken interfaces. */
async function mendSandbox(engine: Engine, sandbox: SandboxCore): Promise<void> {
  const { joined, namespace } = sandbox;
  if (namespace === undefined || joined.size === 0) return;
  const live = engine.parts.netstack.interfaces(namespace);
  const lost = [...joined].filter(({ record: { join } }) => {
    const made = join?.interface;
    return made !== undefined && !live.some(({ index, name }) => index === made.index && name === made.name);
  });
  for (const endpoint of lost) joined.delete(endpoint);
  route(sandbox);
  for (const endpoint of lost) {
    joined.add(endpoint);
    await renew(endpoint, sandbox);
  }
}

/** In the order in which the objects were made. */
async function records<T extends { readonly created: number }>(
  engine: Engine,
  kind: RecordKind,
): Promise<T[]> {
  const stored = await engine.parts.store.list(kind);
  return stored.map(({ value }) => value as unknown as T).sort((a, b) => a.created - b.created);
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

/** A sandbox whose namespace went with a reboot, or with somebody else's hand, is dead: another in its place is not it. */
function restoreSandbox(engine: Engine, record: SandboxRecord, changes: StoreChange[]): void {
  const { namespace, sharedWith, options } = record;
  const { netstack, files } = engine.parts;
  const alive =
    sharedWith === undefined
      ? namespace === undefined || netstack.isThere(namespace)
      : engine.sandboxes.byId(sharedWith) !== undefined;
  if (!alive && !options.useHostNetwork) {
    changes.push(remove("sandbox", record.id));
    files.remove(record.id);
    return;
  }
  const present = options.useHostNetwork ? { ...record, namespace: netstack.hostNamespace() } : record;
  engine.sandboxes.add(new SandboxCore(engine, present));
}

/**
 * One that cannot be taken up in full, for somebody has a port of its now, is there all the same, without its ports: its name
 * stays taken, and it can be deleted, or its ports published anew.
 */
async function restoreEndpoint(
  engine: Engine,
  stored: EndpointRecord,
  changes: StoreChange[],
  failedNetworks: ReadonlySet<string>,
): Promise<void> {
  const network = engine.networks.byId(stored.networkId);
  if (network === undefined) {
    changes.push(remove("endpoint", stored.id));
    return;
  }
  const sandbox = stored.join === undefined ? undefined : engine.sandboxes.byId(stored.join.sandboxId);
  const { join, ...apart } = stored;
  const record = join !== undefined && sandbox === undefined ? apart : stored;
  if (record !== stored) changes.push(put("endpoint", record));
  const { ipam } = network;
  const { pools } = network.record;
  const { ipv4, ipv6 } = record.interface;
  const { options } = record;
  if (ipv4 !== undefined) await replayAddress(ipam, pools, ipv4, isChosen(options.ipv4, ipv4));
  if (ipv6 !== undefined) await replayAddress(ipam, pools, ipv6, isChosen(options.ipv6, ipv6));
  const endpoint = addEndpoint(network, record);
  sandbox?.joined.add(endpoint);
  if (failedNetworks.has(network.id)) {
    withhold(endpoint);
    throw notRestored(network);
  }
  await restoreInDriver(endpoint);
  if (endpoint.record.withheld === undefined && record.withheld !== undefined)
    changes.push(put("endpoint", endpoint.record));
}

/** Has the driver take it up. What it withheld before it tries again; on an exception it withholds its ports. */
export async function restoreInDriver(endpoint: EndpointCore): Promise<void> {
  const { record, driver, sandbox } = endpoint;
  const { withheld, ...whole } = withholding(record);
  const state = { ...whole.state, bindings: withheld ?? [] };
  try {
    await driver.restoreEndpoint(endpointSpec(record), state, sandbox !== undefined);
    endpoint.record = { ...whole, state };
  } catch (error) {
    withhold(endpoint);
    throw error;
  }
}

function withhold(endpoint: EndpointCore): void {
  endpoint.record = withholding(endpoint.record);
}

/** All of its ports withheld. */
function withholding({ withheld = [], ...record }: EndpointRecord): EndpointRecord {
  const bindings = [...record.state.bindings, ...withheld];
  const without = { ...record, state: { ...record.state, bindings: [] } };
  return bindings.length === 0 ? without : { ...without, withheld: bindings };
}

function notRestored({ name }: NetworkCore): Error {
  return unavailable(
    "network_not_restored",
    `its network "${name}" could not be taken up: mend that and open again, or delete both`,
  );
}

function isChosen(wanted: string | undefined, cidr: string): boolean {
  return wanted !== undefined && parseIp(wanted).toString() === addressOf(cidr);
}
