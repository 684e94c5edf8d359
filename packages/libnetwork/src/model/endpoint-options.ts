/**
 * What an endpoint is asked to be: the options of createEndpoint, checked.
 */
import { parseCidr } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import { unicastMac } from "../address/mac.ts";
import type { PortMapping, StaticRoute } from "../contracts/driver.ts";
import type { NamedPort } from "../contracts/names.ts";
import { invalid } from "../errors.ts";
import { type Complete, completeObjectOf, withDefault } from "../options/defaults.ts";
import { interfaceName } from "../options/interface-name.ts";
import {
  boolean,
  integer,
  listOf,
  objectOf,
  opaque,
  type Parsed,
  type Parser,
  recordOf,
  show,
  string,
  textBy,
} from "../options/parse.ts";
import { alias, links, namedPortList, namedPorts } from "./names/name-options.ts";
import { portMappings, publishList } from "./publish-options.ts";
import { serviceMembership } from "./services/service-options.ts";

const staticRoute = {
  /** CIDR. */
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
    const text = typeof setting === "number" ? String(setting) : setting;
    if (typeof text !== "string" || !/^[0-9 ]{1,64}$/.test(text)) {
      throw invalid(
        "invalid_sysctl",
        `${name}.${key}: ${show(setting)} is not a number: give one`,
        typeof setting === "string" ? setting : show(setting),
      );
    }
    settings[key.slice("net.".length).replaceAll(".", "/")] = text;
  }
  return settings;
};

export const endpointTable = {
  /** Address in the network. Default: the next free one. */
  ipv4: textBy((text) => parseIp(text, 4).toString()),
  /** The same for IPv6, where the network has it. */
  ipv6: textBy((text) => parseIp(text, 6).toString()),
  /** Default: made from the IPv4 address; random without one, or where that MAC is taken in the network. */
  mac: textBy(unicastMac),
  /** Host ports that lead to the endpoint. Default: none. */
  publish: withDefault(publishList, []),
  /** Ports that the container serves, for people to read: `80/tcp`. */
  exposedPorts: withDefault(listOf(string), []),
  /** More names of the endpoint, in its network; `*.app.local` stands for all below `app.local`. */
  aliases: withDefault(listOf(alias), []),
  /** Names that its sandbox alone has for others in the network: `{ db: "postgres" }` lets it find `postgres` as `db` too. */
  links: withDefault(links, {}),
  /** Ports that are found by a SRV question (RFC 2782): `_http._tcp.NAME`. */
  namedPorts: withDefault(namedPortList, []),
  /** A service of the network that it belongs to: `{ name: "web" }`. Default: none. */
  service: serviceMembership,
  /** Nobody answers names in its sandbox on its account; others find it all the same. Default: false. */
  disableResolution: withDefault(boolean, false),
  /** The highest is the sandbox's way out. Default: 0. */
  gatewayPriority: withDefault(integer(-2147483648, 2147483647), 0),
  /** Name of the interface in the sandbox. Default: the driver's prefix and the lowest free number. */
  interfaceName,
  /** Settings of the interface in the sandbox: `{ "net.ipv4.conf.IFNAME.log_martians": "1" }`. */
  sysctls: withDefault(sysctls, {}),
  /** Routes of the sandbox by this endpoint, besides those of its network. */
  staticRoutes: withDefault(listOf(objectOf(staticRoute)), []),
  /** No IPv6 address, even in a network that has IPv6. Default: false. */
  disableIpv6: withDefault(boolean, false),
  /** The user's own, by name. Default: none. */
  labels: withDefault(recordOf(string), {}),
  /** For the driver, which checks them. */
  driverOptions: withDefault(recordOf(opaque), {}),
};

/** Options of {@link Network.createEndpoint}. */
export interface EndpointOptions extends Parsed<typeof endpointTable> {}

const completeEndpointOptions = completeObjectOf(endpointTable);

export interface CheckedEndpointOptions
  extends Omit<Complete<typeof endpointTable>, "publish" | "staticRoutes" | "namedPorts"> {
  readonly namedPorts: readonly NamedPort[];
  readonly publish: readonly PortMapping[];
  readonly staticRoutes: readonly StaticRoute[];
}

/** @throws unknown_option, invalid_option, invalid_address, invalid_mac, multicast_mac, invalid_sysctl, invalid_port ... */
export function checkedEndpointOptions(given: unknown): CheckedEndpointOptions {
  const options = completeEndpointOptions(given, "options");
  const publish = portMappings(options.publish, "options.publish");
  const staticRoutes = options.staticRoutes.map((route, at) =>
    checkedRoute(route, `options.staticRoutes[${at}]`),
  );
  return {
    ...options,
    publish,
    namedPorts: namedPorts(options.namedPorts, "options.namedPorts"),
    staticRoutes,
  };
}

function checkedRoute({ destination, nextHop }: Parsed<typeof staticRoute>, name: string): StaticRoute {
  if (destination === undefined) {
    throw invalid("invalid_option", `${name}: destination is missing: say where it leads`);
  }
  if (nextHop !== undefined && nextHop.includes(":") !== destination.includes(":")) {
    const route = `${destination} by ${nextHop}`;
    const message = `${name}: ${route} mixes address families: give both of one`;
    throw invalid("invalid_route", message, route);
  }
  return { destination, nextHop };
}
