/**
 * What a network is asked to be: the options of newNetwork, checked.
 */
import { parseCidr, parseSubnet } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import type { DriverOptions } from "../contracts/driver.ts";
import { invalid } from "../errors.ts";
import {
  boolean,
  listOf,
  objectOf,
  oneOf,
  opaque,
  type Parsed,
  parseObject,
  recordOf,
  string,
  textBy,
} from "../options/parse.ts";

/** A subnet, or `0.0.0.0/24` and `::/64` for any free one of that size. */
const subnet = textBy((text) => parseSubnet(text).toString());
const address = textBy((text) => parseIp(text).toString());

const ipamConfig = {
  /** Default: a free one. */
  subnet,
  /** Endpoints get their addresses from this part of the subnet. */
  ipRange: textBy((text) => parseCidr(text).toString()),
  /** Default: the first address of the range, or of the subnet where there is none. */
  gateway: address,
  /** Addresses that are taken already, by name. */
  auxiliaryAddresses: recordOf(address),
};

const networkTable = {
  /** IPAM driver, its options, and one entry for each subnet. */
  ipam: objectOf({ driver: string, options: recordOf(string), config: listOf(objectOf(ipamConfig)) }),
  /** Default: true. */
  ipv4: boolean,
  /** Default: true where an IPv6 subnet is given, otherwise false. */
  ipv6: boolean,
  /** No way in or out. Default: false. */
  internal: boolean,
  /** Containers of others may be attached by hand: kept for Docker's sake. Default: false. */
  attachable: boolean,
  /** Kept for Docker's sake. Default: false. */
  ingress: boolean,
  /** Default: the driver's. */
  scope: oneOf("local", "global"),
  labels: recordOf(string),
  /** A set of options under a name, for other networks to be made from: no network of its own. Default: false. */
  configOnly: boolean,
  /** Name of a config-only network whose options are taken. */
  configFrom: string,
  /** Made on behalf of a cluster: kept for Docker's sake. Default: false. */
  dynamic: boolean,
  /** Default: true; otherwise the network is forgotten when the controller closes. */
  persist: boolean,
  /** For the driver, which checks them. */
  driverOptions: recordOf(opaque),
};

/** Options of {@link NetworkController.newNetwork}. */
export interface NetworkOptions extends Parsed<typeof networkTable> {}
export type IpamConfig = Parsed<typeof ipamConfig>;

export interface CheckedNetworkOptions {
  readonly ipamDriver: string;
  readonly ipamOptions: Readonly<Record<string, string>>;
  readonly ipamConfig: readonly IpamConfig[];
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ingress: boolean;
  readonly scope: "local" | "global" | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly configOnly: boolean;
  readonly configFrom: string | undefined;
  readonly dynamic: boolean;
  readonly persist: boolean;
  readonly driverOptions: DriverOptions;
}

const isV6 = (config: IpamConfig) => (config.subnet ?? config.gateway ?? "").includes(":");

/**
 * @throws unknown_option, invalid_option, invalid_subnet, subnet_host_bits, invalid_address, no_address_family,
 * family_disabled
 */
export function checkedNetworkOptions(given: unknown): CheckedNetworkOptions {
  const options = parseObject(networkTable, given, "options");
  const config = options.ipam?.config ?? [];
  const ipv4 = options.ipv4 ?? true;
  const ipv6 = options.ipv6 ?? config.some(isV6);
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
  return {
    ipamDriver: options.ipam?.driver ?? "default",
    ipamOptions: options.ipam?.options ?? {},
    ipamConfig: config,
    ipv4,
    ipv6,
    internal: options.internal ?? false,
    attachable: options.attachable ?? false,
    ingress: options.ingress ?? false,
    scope: options.scope,
    labels: options.labels ?? {},
    configOnly: options.configOnly ?? false,
    configFrom: options.configFrom,
    dynamic: options.dynamic ?? false,
    persist: options.persist ?? true,
    driverOptions: options.driverOptions ?? {},
  };
}

/** The subnets of one family; one of the IPAM's choice where none is given. */
export function ipamConfigOf(options: CheckedNetworkOptions, family: 4 | 6): readonly IpamConfig[] {
  if (!(family === 4 ? options.ipv4 : options.ipv6)) return [];
  const given = options.ipamConfig.filter((config) => isV6(config) === (family === 6));
  return given.length === 0 ? [{}] : given;
}
