/**
 * Port numbers and ranges as users write them: checked, and ranges of container ports taken apart.
 */
import type { PortMapping } from "../contracts/driver.ts";
import { invalid } from "../errors.ts";
import { HIGHEST_PORT, type PortRange } from "./port-set.ts";

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

/** Container ports that are published together: `-p 8000-8010:80-90`. */
export interface PortRangeMapping extends PortMapping {
  /** Last container port. Default: `containerPort`. */
  readonly containerPortEnd?: number;
}

/**
 * One mapping for each container port. Host ports go with container ports one by one; without host ports each is
 * automatic. A range of host ports for one container port stays a range, of which one is taken.
 *
 * @throws unequal_port_ranges, reversed_port_range, invalid_port
 */
export function expandRange({ containerPortEnd, ...mapping }: PortRangeMapping): readonly PortMapping[] {
  const { hostPort, hostPortEnd, ...rest } = mapping;
  const { containerPort } = mapping;
  const container = checkRange(containerPort, containerPortEnd ?? containerPort, "container port");
  const size = container.last - container.first + 1;
  if (size === 1) return [mapping];
  if (hostPort !== undefined) {
    const host = checkRange(hostPort, hostPortEnd ?? hostPort, "host port");
    if (host.last - host.first + 1 !== size) {
      throw invalid(
        "unequal_port_ranges",
        `${size} container ports ${container.first}-${container.last} cannot go with host ports ${host.first}-${host.last}: give ${size} of them, or none to have them chosen`,
        { container, host },
      );
    }
  }
  return Array.from({ length: size }, (_, offset) => ({
    ...rest,
    containerPort: container.first + offset,
    ...(hostPort === undefined ? {} : { hostPort: hostPort + offset }),
  }));
}
