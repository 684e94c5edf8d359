/**
 * What is drawn to the left of sandboxes: the networks' lines going down, and wires from them to the right. Pure.
 */
import type { Lane, Lanes, SandboxStep } from "./layout.ts";
import { fit, type Line, type Piece, piece } from "./styled.ts";
import type { TopologyEndpoint } from "./topology.ts";

/** Columns of a line with the blanks to the next one, and of a wire with the longest name on it. */
export const laneWidth = 4;
export const wireWidth = 20;

const across: ReadonlyMap<string, string> = new Map([
  ["║", "╫"],
  [" ", "─"],
]);

/** Lines that all go on. */
export function goingDown(lanes: Lanes): Line {
  return lanes.map((lane) => piece((lane === undefined ? " " : "║").padEnd(laneWidth), lane?.style));
}

/**
 * The left parts of a sandbox's rows.
 *
 * @param arriving for each row the endpoint whose wire arrives there
 * @param nameOf what is written on a wire
 * @param width columns of each part
 */
export function wireRows(
  { lanes, ending }: Pick<SandboxStep, "lanes" | "ending">,
  arriving: readonly (TopologyEndpoint | undefined)[],
  nameOf: (endpoint: TopologyEndpoint) => string | undefined,
  width: number,
): readonly Line[] {
  const lastRowOf = new Map(arriving.map((endpoint, row) => [endpoint?.networkId, row]));
  /** A line ends in the row after its last wire. */
  const glyphAt = (lane: Lane | undefined, row: number) => {
    if (lane === undefined) return " ";
    const beyond = ending.has(lane.networkId) ? row - (lastRowOf.get(lane.networkId) ?? row) : 0;
    return beyond <= 0 ? "║" : beyond === 1 ? "╨" : " ";
  };
  return arriving.map((endpoint, row) => {
    const glyphs = lanes.map((lane) => piece(glyphAt(lane, row), lane?.style));
    const from = lanes.findIndex((lane) => lane?.networkId === endpoint?.networkId);
    return endpoint === undefined || from < 0
      ? fit(spaced(glyphs), width)
      : wire(glyphs, from, nameOf(endpoint), width);
  });
}

function spaced(glyphs: readonly Piece[]): Line {
  return glyphs.map(({ text, style }) => piece(text.padEnd(laneWidth), style));
}

function wire(glyphs: readonly Piece[], from: number, name: string | undefined, width: number): Line {
  const style = glyphs[from]?.style;
  const crossed = glyphs
    .slice(from + 1)
    .flatMap(({ text, style: own }) => [
      piece("─".repeat(laneWidth - 1), style),
      piece(across.get(text) ?? text, own),
    ]);
  const label = name === undefined ? [] : [piece("─ ", style), piece(name), piece(" ", style)];
  const line = [
    ...spaced(glyphs.slice(0, from)),
    piece("╟", style),
    ...crossed,
    piece("─".repeat(laneWidth - 1), style),
    ...label,
  ];
  return fit(line, width, "─", style);
}
