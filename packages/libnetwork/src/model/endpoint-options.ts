/**
 * What an endpoint is asked to be: the options of createEndpoint, checked.
 */
import { parseCidr } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import { unicastMac } from "../address/mac.ts";
import type { DriverOptions, PortMapping, StaticRoute } from "../contracts/driver.ts";
import { invalid } from "../errors.ts";
import { hostname } from "../options/host-file-texts.ts";
import { interfaceName } from "../options/interface-name.ts";
import {
  boolean,
  integer,
  listOf,
  objectOf,
  opaque,
  type Parsed,
  type Parser,
  parseObject,
  recordOf,
  string,
  textBy,
} from "../options/parse.ts";
import { portMappings, publishList } from "./publish-options.ts";

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
      throw invalid(
        "invalid_sysctl",
        `${name}.${key}: ${JSON.stringify(setting)} is not a number: give one`,
        setting,
      );
    }
    settings[key.slice("net.".length).replaceAll(".", "/")] = String(setting);
  }
  return settings;
};

const endpointTable = {
  /** Address in the network. Default: the next free one. */
  ipv4: textBy((text) => parseIp(text, 4).toString()),
  ipv6: textBy((text) => parseIp(text, 6).toString()),
  /** Default: made from the IPv4 address; random without one, or where that MAC is taken in the network. */
  mac: textBy(unicastMac),
  publish: publishList,
  /** Ports that the container serves, for people to read: `80/tcp`. */
  exposedPorts: listOf(string),
  /** More names of the endpoint, in its network. */
  aliases: listOf(hostname),
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

/** @throws unknown_option, invalid_option, invalid_address, invalid_mac, multicast_mac, invalid_sysctl, invalid_port ... */
export function checkedEndpointOptions(given: unknown): CheckedEndpointOptions {
  const options = parseObject(endpointTable, given, "options");
  return {
    ipv4: options.ipv4,
    ipv6: options.ipv6,
    mac: options.mac,
    publish: portMappings(options.publish ?? [], "options.publish"),
    exposedPorts: options.exposedPorts ?? [],
    aliases: options.aliases ?? [],
    gatewayPriority: options.gatewayPriority ?? 0,
    interfaceName: options.interfaceName,
    sysctls: options.sysctls ?? {},
    staticRoutes: (options.staticRoutes ?? []).map(({ destination, nextHop }, at) => {
      if (destination === undefined) {
        throw invalid(
          "invalid_option",
          `options.staticRoutes[${at}]: destination is missing: say where it leads`,
        );
      }
      if (nextHop !== undefined && nextHop.includes(":") !== destination.includes(":")) {
        const route = `${destination} by ${nextHop}`;
        const message = `options.staticRoutes[${at}]: ${route} mixes address families: give both of one`;
        throw invalid("invalid_route", message, route);
      }
      return { destination, nextHop };
    }),
    disableIpv6: options.disableIpv6 ?? false,
    labels: options.labels ?? {},
    driverOptions: options.driverOptions ?? {},
  };
}
