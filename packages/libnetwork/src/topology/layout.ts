/**
 * In which order networks and sandboxes are drawn, and where the networks' lines run: a sandbox comes soon after its
 * networks, a line ends with its last wire, and a new one begins to the right of all that still run. Pure.
 */
import type { Style } from "./styled.ts";
import type { Topology, TopologyEndpoint, TopologyNetwork, TopologySandbox } from "./topology.ts";

/** A network's line. */
export interface Lane {
  readonly networkId: string;
  readonly style: Style;
}

/** From left to right; undefined where a line has ended and others, further right, go on. */
export type Lanes = readonly (Lane | undefined)[];

export type Step = NetworkStep | SandboxStep;

export interface NetworkStep {
  readonly network: TopologyNetwork;
  /** Lines that run already: the network's own is the next one. */
  readonly lanes: Lanes;
  readonly lane: Lane;
  /** Nothing is connected: there is no line to draw. */
  readonly unused: boolean;
}

export interface SandboxStep {
  readonly sandbox: TopologySandbox;
  readonly endpoints: readonly TopologyEndpoint[];
  readonly lanes: Lanes;
  /** Networks that have their last wire here. */
  readonly ending: ReadonlySet<string>;
}

const styles: readonly Style[] = ["cyan", "magenta", "yellow", "blue"];

export function layout(topology: Topology): readonly Step[] {
  const endpointsOf = Map.groupBy(topology.endpoints, ({ sandboxId }) => sandboxId);
  const wiresOf = Map.groupBy(topology.endpoints.filter(isWired), ({ networkId }) => networkId);
  const networks = new Map(topology.networks.map((network) => [network.id, network]));
  const toCome = new Map([...wiresOf].map(([id, wires]) => [id, wires.length]));
  const pending = new Map(topology.sandboxes.filter(hasOwnStack).map((sandbox) => [sandbox.id, sandbox]));
  const steps: Step[] = [];
  let lanes: Lanes = [];

  const drawNetwork = (id: string) => {
    const network = networks.get(id);
    if (network === undefined || !networks.delete(id)) return;
    const style = styles[(topology.networks.length - networks.size - 1) % styles.length] ?? "cyan";
    const lane = { networkId: id, style };
    const unused = !wiresOf.has(id);
    steps.push({ network, lanes, lane, unused });
    if (!unused) lanes = [...lanes, lane];
  };
  const drawSandbox = (sandbox: TopologySandbox) => {
    pending.delete(sandbox.id);
    const endpoints = endpointsOf.get(sandbox.id) ?? [];
    const ending = new Set<string>();
    for (const { networkId } of endpoints.filter(isWired)) {
      drawNetwork(networkId);
      const left = (toCome.get(networkId) ?? 0) - 1;
      toCome.set(networkId, left);
      if (left === 0) ending.add(networkId);
    }
    steps.push({ sandbox, endpoints, lanes, ending });
    lanes = withoutEnded(lanes, ending);
  };

  for (const network of topology.networks) {
    if (isShown(network, wiresOf)) drawNetwork(network.id);
    for (const { sandboxId = "" } of wiresOf.get(network.id) ?? []) {
      const sandbox = pending.get(sandboxId);
      if (sandbox !== undefined) drawSandbox(sandbox);
    }
  }
  for (const sandbox of pending.values()) drawSandbox(sandbox);
  return steps;
}

/** Columns of lines that the steps need at most. */
export function mostLanes(steps: readonly Step[]): number {
  return Math.max(0, ...steps.map(({ lanes }) => lanes.length));
}

function isWired({ sandboxId, interface: inside }: TopologyEndpoint): boolean {
  return sandboxId !== undefined && inside !== undefined;
}

function hasOwnStack({ usesHostNetwork, sharedWith }: TopologySandbox): boolean {
  return !usesHostNetwork && sharedWith === undefined;
}

/** Networks that are only names (host, null, options for others) have nothing to be drawn. */
function isShown({ id, bridge, subnets }: TopologyNetwork, wiresOf: ReadonlyMap<string, unknown>): boolean {
  return bridge !== undefined || subnets.length > 0 || wiresOf.has(id);
}

function withoutEnded(lanes: Lanes, ending: ReadonlySet<string>): Lanes {
  const running = lanes.map((lane) => (lane === undefined || ending.has(lane.networkId) ? undefined : lane));
  return running.slice(0, running.findLastIndex((lane) => lane !== undefined) + 1);
}
