/**
 * Draws a topology in a terminal. Pure.
 *
 * Each network is a double line that comes down from its header, each sandbox a box on the right; a wire with the name of
 * the host's end of the pair leads from the network to the interface in the sandbox, across the lines of other networks:
 *
 *     ╔═ network1 ═ br-0123456789ab ═ 172.30.0.1/24
 *     ║                       ┌─ web ──────────────────────────────┐
 *     ╟──── veth0123456789a ──┤ eth0  172.30.0.2/24                │
 *     ╨                       └────────────────────────────────────┘
 */
import type { LiveInterface } from "../contracts/netstack.ts";
import { layout, mostLanes, type NetworkStep, type SandboxStep } from "./layout.ts";
import { boxRows, interfacePieces, shownAddresses } from "./sandbox-box.ts";
import { columnOf, cut, fit, hanging, type Line, paint, piece, wrap } from "./styled.ts";
import type { Topology, TopologyEndpoint, TopologySandbox } from "./topology.ts";
import { goingDown, laneWidth, wireRows, wireWidth } from "./wires.ts";

export interface TopologyTextOptions {
  /** Columns. More are taken where a sandbox's networks are too many to run side by side. Default: 100. */
  readonly width?: number;
  /** With the colours of a terminal. Default: false. */
  readonly colour?: boolean;
  /** What the host is called. Default: `host`. */
  readonly title?: string;
}

/** Columns of a box that still says something. */
const leastBoxWidth = 44;
/** Columns of a frame: a border and a blank on each side. */
const frameWidth = 4;

/** What is looked up while drawing. */
interface Scene {
  readonly hostByIndex: ReadonlyMap<number | undefined, LiveInterface>;
  readonly sharersOf: ReadonlyMap<string | undefined, readonly TopologySandbox[]>;
  /** Columns inside the host, and left of the sandboxes. */
  readonly width: number;
  readonly boxAt: number;
}

/** Lines of text, the last one without line end. */
export function topologyText(topology: Topology, options: TopologyTextOptions = {}): string {
  const { width = 100, colour = false, title = "host" } = options;
  const steps = layout(topology);
  const boxAt = mostLanes(steps) * laneWidth + wireWidth;
  const scene: Scene = {
    hostByIndex: new Map(topology.host.map((found) => [found.index, found])),
    sharersOf: Map.groupBy(topology.sandboxes, ({ sharedWith }) => sharedWith),
    width: Math.max(width - frameWidth, boxAt + leastBoxWidth),
    boxAt,
  };
  const rows = [
    ...hostRows(topology, scene),
    ...steps.flatMap((step) => ("network" in step ? networkRows(step, scene) : sandboxRows(step, scene))),
  ];
  return frame(title, rows, scene.width + frameWidth, "dim")
    .map((row) => paint(row, colour))
    .join("\n");
}

function frame(title: string, rows: readonly Line[], width: number, style?: "dim"): readonly Line[] {
  const inner = width - frameWidth;
  const top = [piece("┌─ ", style), ...cut([piece(title, "bold")], inner - 2), piece(" ", style)];
  return [
    [...fit(top, width - 1, "─", style), piece("┐", style)],
    ...rows.map((row) => [piece("│ ", style), ...fit(row, inner), piece(" │", style)]),
    [piece(`└${"─".repeat(width - 2)}┘`, style)],
  ];
}

/** Interfaces of the host that are no part of our networks, and who uses the host's own stack. */
function hostRows({ host, networks, endpoints, sandboxes }: Topology, { width }: Scene): readonly Line[] {
  const ours = new Set([
    ...networks.map(({ bridge }) => bridge),
    ...endpoints.map(({ hostInterface }) => hostInterface),
  ]);
  const own = host.filter((found) => !ours.has(found.index) && shownAddresses(found).length > 0);
  const column = columnOf(own.map(({ name }) => name));
  const guests = sandboxes.filter(({ usesHostNetwork }) => usesHostNetwork);
  const names = guests.map(({ containerId }) => containerId).join(", ");
  return [
    ...own.flatMap((found) => hanging(found.name, wrap(interfacePieces(found), width - column), column)),
    ...(guests.length === 0 ? [] : [[piece(`used as it is by ${names}`)]]),
  ];
}

function networkRows({ network, lanes, lane, unused }: NetworkStep, scene: Scene): readonly Line[] {
  const { name, type, internal, subnets } = network;
  const bridge = scene.hostByIndex.get(network.bridge);
  const addressed = bridge !== undefined && shownAddresses(bridge).length > 0;
  const facts = [
    piece(name, "bold"),
    ...(type === "bridge" ? [] : [piece(type)]),
    ...(internal ? [piece("internal")] : []),
    ...(bridge === undefined ? [] : [piece(bridge.name)]),
    ...(addressed ? [] : subnets.map((subnet) => piece(subnet))),
    ...(bridge === undefined ? [] : interfacePieces(bridge)),
    ...(bridge === undefined && type === "bridge" ? [piece("the kernel shows no bridge", "red")] : []),
  ];
  const left = goingDown(lanes);
  const [first, next] = unused ? ["══ ", "   "] : ["╔═ ", "║  "];
  const room = scene.width - lanes.length * laneWidth - first.length;
  const lines = wrap(facts, room, piece(" ═ ", lane.style));
  return [left, ...lines.map((line, at) => [...left, piece(at === 0 ? first : next, lane.style), ...line])];
}

function sandboxRows(step: SandboxStep, { hostByIndex, sharersOf, width, boxAt }: Scene): readonly Line[] {
  const { sandbox, endpoints } = step;
  const contents = boxRows(sandbox, endpoints, width - boxAt - frameWidth);
  const residents = [sandbox, ...(sharersOf.get(sandbox.id) ?? [])];
  const title = residents.map(({ containerId }) => containerId).join(" + ");
  const lines = contents.map(({ line }) => line);
  const box = frame(title, lines, width - boxAt);
  const arriving = [undefined, ...contents.map(({ endpoint }) => endpoint), undefined];
  const nameOf = ({ hostInterface }: TopologyEndpoint) => hostByIndex.get(hostInterface)?.name;
  const wires = wireRows(step, arriving, nameOf, boxAt);
  return wires.map((left, row) => [...left, ...connected(box[row] ?? [], arriving[row] !== undefined)]);
}

/** A box's row, its left border open to a wire. */
function connected([border = piece(""), ...rest]: Line, wired: boolean): Line {
  return wired ? [piece("┤ ", border.style), ...rest] : [border, ...rest];
}
