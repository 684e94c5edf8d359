/**
 * What is written into a sandbox's box: its interfaces with addresses, ways out and published ports. Pure.
 */
import { isUnspecified } from "../address/ip.ts";
import type { PortBinding } from "../contracts/driver.ts";
import type { LiveInterface } from "../contracts/netstack.ts";
import { columnOf, hanging, type Line, type Piece, piece, wrap } from "./styled.ts";
import type { TopologyEndpoint, TopologySandbox } from "./topology.ts";

export interface BoxRow {
  readonly line: Line;
  /** The endpoint whose wire ends here. */
  readonly endpoint: TopologyEndpoint | undefined;
}

/** More published ports of one endpoint are counted, not written out. */
const mostPorts = 8;

/** Addresses worth showing: every interface with IPv6 has a link-local one. */
export function shownAddresses({ addresses }: Pick<LiveInterface, "addresses">): readonly string[] {
  return addresses.filter((cidr) => !cidr.startsWith("fe80:"));
}

/** Addresses, the routers by which it is the way out, and that it is down, if it is. */
export function interfacePieces(found: LiveInterface): readonly Piece[] {
  const { up, gateways } = found;
  return [
    ...shownAddresses(found).map((cidr) => piece(cidr)),
    ...(gateways.length > 0 ? [piece(`via ${gateways.join(", ")}`, "dim")] : []),
    ...(up ? [] : [piece("down", "red")]),
  ];
}

/**
 * @param endpoints those that have joined the sandbox
 * @param width columns inside the box
 */
export function boxRows(
  { key, lost, interfaces }: TopologySandbox,
  endpoints: readonly TopologyEndpoint[],
  width: number,
): readonly BoxRow[] {
  if (lost) return [{ line: [piece("lost: its namespace is gone", "red")], endpoint: undefined }];
  const column = columnOf(interfaces.map(({ name }) => name));
  const rows = interfaces.flatMap((found) => {
    const endpoint = endpoints.find((candidate) => candidate.interface === found.index);
    const published = endpoint === undefined ? [] : publishedPieces(endpoint.bindings);
    const lines = [...wrap(interfacePieces(found), width - column), ...published.map((text) => [text])];
    return hanging(found.name, lines, column).map((line, at) => ({
      line,
      endpoint: at === 0 ? endpoint : undefined,
    }));
  });
  const absent = endpoints.filter((endpoint) => endpoint.interface === undefined);
  const why = key === undefined ? "waits for a namespace" : "the kernel shows no interface";
  const complaints = absent.map(({ name }) => ({
    line: [piece(`${name}: ${why}`, "red")],
    endpoint: undefined,
  }));
  const all = [...rows, ...complaints];
  return all.length > 0 ? all : [{ line: [piece("no interface", "dim")], endpoint: undefined }];
}

/** `*:8080 → 80/tcp`: host ports that lead to one port of the endpoint. A star is every address of the host. */
function publishedPieces(bindings: readonly PortBinding[]): readonly Piece[] {
  const byTarget = Map.groupBy(bindings, ({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  const texts = [...byTarget].map(([target, group]) => {
    const sources = new Set(
      group.map(({ hostAddress, hostPort }) => `${shortAddress(hostAddress)}:${hostPort}`),
    );
    return piece(`published ${[...sources].join(" ")} → ${target}`, "green");
  });
  const more = texts.length - mostPorts;
  if (more <= 0) return texts;
  return [...texts.slice(0, mostPorts), piece(`and ${more} more published ports`, "green")];
}

function shortAddress(address: string): string {
  if (isUnspecified(address)) return "*";
  return address.includes(":") ? `[${address}]` : address;
}
