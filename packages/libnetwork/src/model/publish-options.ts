/**
 * Host ports that an endpoint is asked to publish, checked: in the options of createEndpoint, and in publish.
 */
import { parseIp } from "../address/ip.ts";
import type { PortMapping } from "../contracts/driver.ts";
import { invalid } from "../errors.ts";
import { listOf, named, objectOf, oneOf, type Parsed, type Parser, show, textBy } from "../options/parse.ts";
import { expandRange, HIGHEST_PORT } from "../options/port-range.ts";

const protocols = ["tcp", "udp", "sctp"] as const;
export const protocol = oneOf(...protocols);

export const port: Parser<number> = (value, name) => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= HIGHEST_PORT)
    return value;
  throw invalid(
    "invalid_port",
    `${name}: ${show(value)} is not a port: give a number from 1 to ${HIGHEST_PORT}`,
    typeof value === "number" || typeof value === "string" ? value : show(value),
  );
};

const mappingTable = {
  /** Default: tcp. */
  protocol,
  /** Port that the container serves, or the first of a range. */
  containerPort: port,
  /** Last of a range of container ports; the host's range is as long. */
  containerPortEnd: port,
  /** Default: every address of the host. */
  hostAddress: textBy((text) => parseIp(text).toString()),
  /** Default: any free port. */
  hostPort: port,
  /** Last of the range from which a host port is taken. */
  hostPortEnd: port,
};

/** A port to publish, as a user asks for it. */
export interface PublishOptions extends Parsed<typeof mappingTable> {}

/** A range of container ports becomes one mapping for each. */
function mappingsOf(options: PublishOptions, name: string): readonly PortMapping[] {
  const { protocol: transport = "tcp", hostAddress, containerPort, hostPort, hostPortEnd } = options;
  if (containerPort === undefined) {
    const message = `${name}: containerPort is missing: say which port of the container is meant`;
    throw invalid("invalid_port", message);
  }
  if (hostPort === undefined && hostPortEnd !== undefined) {
    const message = `${name}: hostPortEnd ${hostPortEnd} is given without hostPort: say where the range begins`;
    throw invalid("invalid_port", message, hostPortEnd);
  }
  const where = hostAddress === undefined ? { protocol: transport } : { protocol: transport, hostAddress };
  const ports = named(name, () => expandRange({ ...options, containerPort }));
  return ports.map((published) => ({ ...where, ...published }));
}

/** As many as there are ports of all protocols: more would only hold the event loop before they are refused. */
const mostMappings = protocols.length * (HIGHEST_PORT + 1);

function refuseTooMany(count: number, name: string): void {
  if (count <= mostMappings) return;
  const message = `${name}: ${count} ports are more than the ${mostMappings} that ${protocols.join(", ")} have together: publish fewer at once`;
  throw invalid("too_many_ports", message, { count, most: mostMappings });
}

const anyList = listOf(objectOf(mappingTable));

export const publishList: typeof anyList = (value, name) => {
  if (Array.isArray(value)) refuseTooMany(value.length, name);
  return anyList(value, name);
};

/** @throws invalid_port, reversed_port_range, unequal_port_ranges, too_many_ports */
export function portMappings(list: readonly PublishOptions[], name: string): readonly PortMapping[] {
  const mappings: PortMapping[] = [];
  for (const [at, entry] of list.entries()) {
    const more = mappingsOf(entry, `${name}[${at}]`);
    refuseTooMany(mappings.length + more.length, name);
    for (const mapping of more) mappings.push(mapping);
  }
  return mappings;
}
