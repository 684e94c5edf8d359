/**
 * What a network is asked to be: the options of newNetwork, checked.
 */
import { parseCidr, parseSubnet } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import { invalid } from "../errors.ts";
import { type Complete, completeObjectOf, withDefault } from "../options/defaults.ts";
import {
  boolean,
  integer,
  listOf,
  objectOf,
  oneOf,
  opaque,
  type Parsed,
  recordOf,
  string,
  textBy,
} from "../options/parse.ts";
import { longestTtl } from "./names/name-options.ts";

/** A subnet, or `0.0.0.0/24` and `::/64` for any free one of that size. */
const subnet = textBy((text) => parseSubnet(text).toString());
const address = textBy((text) => parseIp(text).toString());

export const ipamConfig = {
  /** Default: a free one. */
  subnet,
  /** Endpoints get their addresses from this part of the subnet. */
  ipRange: textBy((text) => parseCidr(text).toString()),
  /** Default: the first address of the range, or of the subnet where there is none. */
  gateway: address,
  /** Addresses that are taken already, by name. */
  auxiliaryAddresses: recordOf(address),
};

const ipam = {
  /** Name of the IPAM driver. Default: `default`. */
  driver: string,
  /** For the IPAM driver. */
  options: recordOf(string),
  /** One entry for each subnet. Default: one free subnet of each family that is on. */
  config: listOf(objectOf(ipamConfig)),
};

export const networkTable = {
  /** Where addresses come from. */
  ipam: objectOf(ipam),
  /** Default: true. */
  ipv4: withDefault(boolean, true),
  /** Default: true where an IPv6 subnet is given, otherwise false. */
  ipv6: boolean,
  /** No way in or out. Default: false. */
  internal: withDefault(boolean, false),
  /** Containers of others may be attached by hand: kept for Docker's sake. Default: false. */
  attachable: withDefault(boolean, false),
  /** Kept for Docker's sake. Default: false. */
  ingress: withDefault(boolean, false),
  /** Default: the driver's. */
  scope: oneOf("local", "global"),
  /** The user's own, by name. Default: none. */
  labels: withDefault(recordOf(string), {}),
  /** A set of options under a name, for other networks to be made from: no network of its own. Default: false. */
  configOnly: withDefault(boolean, false),
  /** Name of a config-only network whose options are taken. */
  configFrom: string,
  /** Made on behalf of a cluster: kept for Docker's sake. Default: false. */
  dynamic: withDefault(boolean, false),
  /** Default: true; otherwise the network is forgotten when the controller closes. */
  persist: withDefault(boolean, true),
  /** Name servers for what sandboxes in it do not find here, asked from the host; a sandbox's own come before them. Default: the host's. */
  dns: withDefault(listOf(address), []),
  /** Seconds that an endpoint's addresses may be kept by who asked. Default: 600 for those that were chosen, 0 for others, which may change. */
  dnsTtl: integer(0, longestTtl),
  /** For the driver, which checks them. */
  driverOptions: withDefault(recordOf(opaque), {}),
};

/** Options of {@link NetworkController.newNetwork}. */
export interface NetworkOptions extends Parsed<typeof networkTable> {}
export type IpamConfig = Parsed<typeof ipamConfig>;

const completeNetworkOptions = completeObjectOf(networkTable);

export interface CheckedNetworkOptions extends Omit<Complete<typeof networkTable>, "ipam"> {
  readonly ipamDriver: string;
  readonly ipamOptions: Readonly<Record<string, string>>;
  readonly ipamConfig: readonly IpamConfig[];
  readonly ipv6: boolean;
}

const isV6 = (config: IpamConfig) => (config.subnet ?? config.gateway ?? "").includes(":");

/**
 * @throws unknown_option, invalid_option, invalid_subnet, subnet_host_bits, invalid_address, no_address_family,
 * family_disabled
 */
export function checkedNetworkOptions(given: unknown): CheckedNetworkOptions {
  const { ipam: wanted = {}, ...options } = completeNetworkOptions(given, "options");
  const { driver = "default", options: ipamOptions = {}, config = [] } = wanted;
  const { ipv4, ipv6 = config.some(isV6) } = options;
  if (!ipv4 && !ipv6) {
    throw invalid("no_address_family", "options: ipv4 and ipv6 are both off: turn one of them on");
  }
  for (const [at, entry] of config.entries()) {
    if (isV6(entry) ? ipv6 : ipv4) continue;
    const family = isV6(entry) ? "ipv6" : "ipv4";
    throw invalid(
      "family_disabled",
      `options.ipam.config[${at}]: ${entry.subnet} is given while ${family} is off: turn it on`,
    );
  }
  return { ipamDriver: driver, ipamOptions, ipamConfig: config, ...options, ipv6 };
}

/** The subnets of one family; one of the IPAM's choice where none is given. */
export function ipamConfigOf(options: CheckedNetworkOptions, family: 4 | 6): readonly IpamConfig[] {
  if (!(family === 4 ? options.ipv4 : options.ipv6)) return [];
  const given = options.ipamConfig.filter((config) => isV6(config) === (family === 6));
  return given.length === 0 ? [{}] : given;
}
