/**
 * Port numbers and ranges of them as users write them: checked, and ranges of container ports taken apart.
 */
import { invalid } from "../errors.ts";

export const HIGHEST_PORT = 65_535;

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Throws `invalid_port` for what is not a whole number from 1 to 65535. */
export function checkPort(port: number, what: string): number {
  if (Number.isInteger(port) && port >= 1 && port <= HIGHEST_PORT) return port;
  throw invalid("invalid_port", `${what} ${port} is not a whole number from 1 to ${HIGHEST_PORT}`, port);
}

/** Throws `invalid_port`, or `reversed_port_range` where it ends before it begins. */
export function checkRange(first: number, last: number, what: string): PortRange {
  checkPort(first, what);
  checkPort(last, what);
  if (first <= last) return { first, last };
  throw invalid(
    "reversed_port_range",
    `${what} range ${first}-${last} ends before it begins: write ${last}-${first}`,
    { first, last },
  );
}

/** A container port, and the host ports of which it may get one; undefined: any. */
export interface PortWish {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly hostPortEnd?: number;
}

/** Container ports that are published together: `-p 8000-8010:80-90`. */
export interface PortRangeWish extends PortWish {
  /** Last container port. Default: `containerPort`. */
  readonly containerPortEnd?: number;
}

/**
 * Takes a range apart. Host ports go with container ports one by one; without host ports each is automatic. A range of host
 * ports for one container port stays a range, of which one is taken.
 *
 * @throws unequal_port_ranges, reversed_port_range, invalid_port
 */
export function expandRange(range: PortRangeWish): readonly PortWish[] {
  const { containerPort, containerPortEnd, hostPort, hostPortEnd } = range;
  const container = checkRange(containerPort, containerPortEnd ?? containerPort, "container port");
  if (hostPort === undefined) return portsOf(container).map((port) => ({ containerPort: port }));
  const host = checkRange(hostPort, hostPortEnd ?? hostPort, "host port");
  if (container.first === container.last) {
    return [{ containerPort, hostPort: host.first, hostPortEnd: host.last }];
  }
  const size = container.last - container.first + 1;
  if (host.last - host.first + 1 !== size) {
    throw invalid(
      "unequal_port_ranges",
      `${size} container ports ${container.first}-${container.last} cannot go with host ports ${host.first}-${host.last}: give ${size} of them, or none to have them chosen`,
      { container, host },
    );
  }
  return portsOf(container).map((port, at) => ({ containerPort: port, hostPort: host.first + at }));
}

function portsOf({ first, last }: PortRange): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}
