/**
 * What an endpoint is asked to be: the options of createEndpoint and of join, checked.
 */
import { parseCidr } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import { unicastMac } from "../address/mac.ts";
import type { DriverOptions, PortMapping, StaticRoute } from "../contracts/driver.ts";
import { invalid } from "../errors.ts";
import { interfaceName } from "../options/interface-name.ts";
import {
  boolean,
  integer,
  listOf,
  objectOf,
  oneOf,
  opaque,
  type Parsed,
  type Parser,
  parseObject,
  recordOf,
  string,
  textBy,
} from "../options/parse.ts";

const port: Parser<number> = (value, name) => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535) return value;
  throw invalid(
    "invalid_port",
    `${name}: ${JSON.stringify(value)} is not a port: give a number from 1 to 65535`,
    value,
  );
};

const portMapping = {
  /** Default: tcp. */
  protocol: oneOf("tcp", "udp", "sctp"),
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

const staticRoute = {
  destination: textBy((text) => parseCidr(text).subnet.toString()),
  /** Default: the destination is on the link. */
  nextHop: textBy((text) => parseIp(text).toString()),
};

/** `net.ipv4.conf.IFNAME.log_martians`: the interface's own settings only. */
const interfaceSysctl = /^net\.(ipv4|ipv6|mpls)\.(conf|neigh)\.IFNAME\.([a-z0-9_]+)$/;

const sysctls: Parser<Readonly<Record<string, string>>> = (value, name) => {
  const settings: Record<string, string> = {};
  for (const [key, setting] of Object.entries(recordOf(opaque)(value, name))) {
    if (!interfaceSysctl.test(key)) {
      const form = "net.ipv4.conf.IFNAME.SETTING (or ipv6, mpls; conf or neigh), with IFNAME as it stands";
      throw invalid(
        "invalid_sysctl",
        `${name}: ${JSON.stringify(key)} is not a setting of the interface: write ${form}`,
        key,
      );
    }
    if (!/^[0-9 ]{1,64}$/.test(String(setting))) {
      throw invalid("invalid_sysctl", `${name}.${key}: ${JSON.stringify(setting)} is not a number`, setting);
    }
    settings[key.slice("net.".length).replaceAll(".", "/")] = String(setting);
  }
  return settings;
};

const endpointTable = {
  /** Address in the network. Default: the next free one. */
  ipv4: textBy((text) => parseIp(text, 4).toString()),
  ipv6: textBy((text) => parseIp(text, 6).toString()),
  /** Default: one of our own. */
  mac: textBy(unicastMac),
  publish: listOf(objectOf(portMapping)),
  /** Ports that the container serves, for people to read: `80/tcp`. */
  exposedPorts: listOf(string),
  /** More names of the endpoint, in its network. */
  aliases: listOf(string),
  /** The highest is the sandbox's way out. Default: 0. */
  gatewayPriority: integer(-2147483648, 2147483647),
  /** Name of the interface in the sandbox. Default: the driver's prefix and the lowest free number. */
  interfaceName,
  /** Settings of the interface in the sandbox: `{ "net.ipv4.conf.IFNAME.log_martians": "1" }`. */
  sysctls,
  staticRoutes: listOf(objectOf(staticRoute)),
  /** No IPv6 address, even in a network that has IPv6. Default: false. */
  disableIpv6: boolean,
  labels: recordOf(string),
  /** For the driver, which checks them. */
  driverOptions: recordOf(opaque),
};

/** Options of {@link Network.createEndpoint}. */
export interface EndpointOptions extends Parsed<typeof endpointTable> {}
/** A port to publish, as a user asks for it. */
export interface PublishOptions extends Parsed<typeof portMapping> {}

export interface CheckedEndpointOptions {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly mac: string | undefined;
  readonly publish: readonly PortMapping[];
  readonly exposedPorts: readonly string[];
  readonly aliases: readonly string[];
  readonly gatewayPriority: number;
  readonly interfaceName: string | undefined;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly staticRoutes: readonly StaticRoute[];
  readonly disableIpv6: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly driverOptions: DriverOptions;
}

/** A range of container ports becomes one mapping for each. */
function mappingsOf(options: PublishOptions, name: string): readonly PortMapping[] {
  const {
    protocol = "tcp",
    containerPort,
    containerPortEnd = containerPort,
    hostAddress,
    hostPort,
    hostPortEnd = hostPort,
  } = options;
  if (containerPort === undefined || containerPortEnd === undefined) {
    throw invalid(
      "invalid_port",
      `${name}: containerPort is missing: say which port of the container is meant`,
    );
  }
  if (hostPort === undefined && hostPortEnd !== undefined) {
    throw invalid(
      "invalid_port",
      `${name}: hostPortEnd is given without hostPort: say where the range begins`,
    );
  }
  for (const [first, last] of [
    [containerPort, containerPortEnd],
    [hostPort, hostPortEnd],
  ] as const) {
    if (first !== undefined && last !== undefined && last < first) {
      throw invalid(
        "reversed_port_range",
        `${name}: the range ${first}-${last} runs backwards: swap its ends`,
      );
    }
  }
  const count = containerPortEnd - containerPort + 1;
  const hostCount = hostPort === undefined || hostPortEnd === undefined ? 0 : hostPortEnd - hostPort + 1;
  const base = { protocol, ...(hostAddress === undefined ? {} : { hostAddress }) };
  if (count === 1) {
    const range =
      hostPort === undefined ? {} : { hostPort, ...(hostPortEnd === undefined ? {} : { hostPortEnd }) };
    return [{ ...base, containerPort, ...range }];
  }
  if (hostPort !== undefined && hostCount !== count) {
    const ranges = `${hostPort}-${hostPortEnd} and ${containerPort}-${containerPortEnd}`;
    throw invalid(
      "unequal_port_ranges",
      `${name}: the ranges ${ranges} are not of one length: make them equal`,
    );
  }
  return Array.from({ length: count }, (_, at) => ({
    ...base,
    containerPort: containerPort + at,
    ...(hostPort === undefined ? {} : { hostPort: hostPort + at }),
  }));
}

/** @throws invalid_port, reversed_port_range, unequal_port_ranges, unknown_option, invalid_option ... */
export function checkedPublish(given: unknown, name = "publish"): readonly PortMapping[] {
  return listOf(objectOf(portMapping))(given, name).flatMap((entry, at) =>
    mappingsOf(entry, `${name}[${at}]`),
  );
}

/** @throws unknown_option, invalid_option, invalid_address, invalid_mac, multicast_mac, invalid_sysctl, invalid_port ... */
export function checkedEndpointOptions(given: unknown): CheckedEndpointOptions {
  const options = parseObject(endpointTable, given, "options");
  return {
    ipv4: options.ipv4,
    ipv6: options.ipv6,
    mac: options.mac,
    publish: (options.publish ?? []).flatMap((entry, at) => mappingsOf(entry, `options.publish[${at}]`)),
    exposedPorts: options.exposedPorts ?? [],
    aliases: options.aliases ?? [],
    gatewayPriority: options.gatewayPriority ?? 0,
    interfaceName: options.interfaceName,
    sysctls: options.sysctls ?? {},
    staticRoutes: (options.staticRoutes ?? []).map(({ destination, nextHop }, at) => {
      if (destination === undefined) {
        throw invalid("invalid_option", `options.staticRoutes[${at}]: destination is missing`);
      }
      return { destination, nextHop };
    }),
    disableIpv6: options.disableIpv6 ?? false,
    labels: options.labels ?? {},
    driverOptions: options.driverOptions ?? {},
  };
}
