/**
 * Topology: what stands on the host and in its sandboxes. Interfaces, addresses and routes are asked of the kernel at the
 * moment; the model says whose they are. Plain data.
 */

import { setImmediate } from "node:timers/promises";
import { isKernelError } from "@causeway/kernel";
import type { PortBinding } from "../contracts/driver.ts";
import type { LiveInterface, NamespacePlace } from "../contracts/netstack.ts";
import type { Endpoint } from "../endpoint.ts";
import { CausewayError } from "../errors.ts";
import type { Engine } from "../model/engine.ts";
import type { SandboxCore } from "../model/sandbox-core.ts";
import type { Network } from "../network.ts";

export interface Topology {
  /** Interfaces of the host: its own, bridges, and host ends of pairs. */
  readonly host: readonly LiveInterface[];
  readonly networks: readonly TopologyNetwork[];
  readonly sandboxes: readonly TopologySandbox[];
  readonly endpoints: readonly TopologyEndpoint[];
}

export interface TopologyNetwork {
  readonly id: string;
  readonly name: string;
  /** Name of the driver: `bridge` ... */
  readonly type: string;
  readonly internal: boolean;
  /** CIDRs. */
  readonly subnets: readonly string[];
  /** Index of its bridge among the host's interfaces; undefined where the kernel shows none. */
  readonly bridge: number | undefined;
}

export interface TopologySandbox {
  readonly id: string;
  readonly containerId: string;
  /** Path of its namespace; undefined while there is none. */
  readonly key: string | undefined;
  /** Its namespace is gone. */
  readonly lost: boolean;
  /** Its stack is the host's. */
  readonly usesHostNetwork: boolean;
  /** Id of the sandbox whose stack it shares. */
  readonly sharedWith: string | undefined;
  /** Empty where the stack is the host's or another sandbox's, and where the namespace is gone. */
  readonly interfaces: readonly LiveInterface[];
}

export interface TopologyEndpoint {
  readonly id: string;
  readonly name: string;
  readonly networkId: string;
  /** The sandbox that it has joined. */
  readonly sandboxId: string | undefined;
  /** Index of its interface in that sandbox; undefined where the kernel shows none. */
  readonly interface: number | undefined;
  /** Index of the host's end of the pair, among the host's interfaces. */
  readonly hostInterface: number | undefined;
  /** Host ports that lead to it. */
  readonly bindings: readonly PortBinding[];
}

/** After so many namespaces others get their turn: each takes the event loop for some 0.3 ms. */
const batch = 16;

/** Asks the kernel, namespace by namespace. What is deleted meanwhile is left out. */
export async function readTopology(engine: Engine): Promise<Topology> {
  const read: TopologySandbox[] = [];
  for (const sandbox of [...engine.sandboxes]) {
    if (read.length % batch === batch - 1) await setImmediate();
    read.push(readSandbox(engine, sandbox));
  }
  const sandboxes = read.filter(({ id }) => engine.sandboxes.byId(id) !== undefined);
  const host = engine.parts.netstack.interfaces();
  const interfaces: Interfaces = {
    ofSandbox: new Map(sandboxes.map((sandbox) => [sandbox.id, sandbox.interfaces])),
    ofOwner: new Map(host.map((found) => [found.owner, found])),
  };
  const endpoints = [...engine.endpoints.values()].map(({ id, handle }) =>
    readEndpoint(handle, interfaces.ofOwner.get(engine.parts.ownerOf(id)), interfaces),
  );
  const networks = [...engine.networks].map(({ handle }) =>
    readNetwork(handle, bridgeOf(engine, handle, interfaces)),
  );
  return { host, networks, sandboxes, endpoints };
}

/** What the kernel has shown. */
interface Interfaces {
  readonly ofSandbox: ReadonlyMap<string, readonly LiveInterface[]>;
  readonly ofOwner: ReadonlyMap<string | undefined, LiveInterface>;
}

/** Index of a network's bridge. One that was there before us carries no mark of ours: then its ports tell. */
function bridgeOf(engine: Engine, network: Network, { ofOwner }: Interfaces): number | undefined {
  const { ownerOf } = engine.parts;
  const bridge = ofOwner.get(ownerOf(network.id));
  if (bridge !== undefined) return bridge.index;
  const ports = network.endpoints().map(({ id }) => ofOwner.get(ownerOf(id)));
  return ports.find((port) => port !== undefined)?.master;
}

function readNetwork(network: Network, bridge: number | undefined): TopologyNetwork {
  const { id, name, type, internal } = network;
  const subnets = network.ipamInfo.map(({ pool }) => pool).filter((pool) => pool !== "");
  return { id, name, type, internal, subnets, bridge };
}

function readSandbox(engine: Engine, { handle, namespace, owner }: SandboxCore): TopologySandbox {
  const { id, containerId, key, lost, usesHostNetwork } = handle;
  const sharedWith = owner?.id;
  const own = namespace !== undefined && !lost && !usesHostNetwork && sharedWith === undefined;
  const interfaces = own ? interfacesIn(engine, namespace) : [];
  return { id, containerId, key, lost, usesHostNetwork, sharedWith, interfaces };
}

function interfacesIn(engine: Engine, namespace: NamespacePlace): readonly LiveInterface[] {
  try {
    return engine.parts.netstack.interfaces(namespace);
  } catch (error) {
    if (error instanceof CausewayError && error.code === "namespace_not_found") return [];
    // More than is looked through: a container may fill its own tables, and the others are to be seen.
    if (isKernelError(error, "E2BIG")) return [];
    throw error;
  }
}

function readEndpoint(
  endpoint: Endpoint,
  hostEnd: LiveInterface | undefined,
  { ofSandbox }: Interfaces,
): TopologyEndpoint {
  const { id, name, network, record } = endpoint;
  const { join, state } = record;
  const inside = (ofSandbox.get(join?.sandboxId ?? "") ?? []).find(
    ({ index }) => index === join?.interface?.index,
  );
  return {
    id,
    name,
    networkId: network.id,
    sandboxId: join?.sandboxId,
    interface: inside?.index,
    hostInterface: hostEnd?.index,
    // Those that the gateway bridge has for it are shown there.
    bindings: state.bindings,
  };
}
