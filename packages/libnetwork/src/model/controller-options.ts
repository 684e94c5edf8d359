/**
 * What a controller is asked to be: the options of NetworkController.open, checked.
 */
import { parseSubnet } from "../address/cidr.ts";
import { invalid } from "../errors.ts";
import { absolutePath } from "../options/absolute-path.ts";
import { type Complete, completeObjectOf, withDefault } from "../options/defaults.ts";
import {
  boolean,
  integer,
  listOf,
  named,
  objectOf,
  oneOf,
  opaque,
  type Parsed,
  type Parser,
  recordOf,
  string,
  textBy,
} from "../options/parse.ts";
import { checkedName } from "./ids.ts";
import { tableName } from "./table-name.ts";

/** The networks that are always there, whatever the options say: their drivers have no others. */
export const singletonNetworks = [
  { driver: "host", name: "host" },
  { driver: "null", name: "none" },
] as const;

const defaultNetworkName: Parser<string> = (value, name) => {
  const text = named(name, () => checkedName("network", value));
  if (!singletonNetworks.some((network) => network.name === text)) return text;
  throw invalid(
    "network_name_in_use",
    `${name}: there is a network "${text}" always: choose another name`,
    text,
  );
};

const defaultNetworkTable = {
  /** Default: `bridge`. */
  name: defaultNetworkName,
  /** Interface name of its bridge. Default: `causeway0`. */
  bridgeName: string,
  /** IPv4 subnet. Default: a free one. */
  subnet: textBy((text) => parseSubnet(text, 4).toString()),
  /** IPv6 subnet. Default: none. */
  subnetIpv6: textBy((text) => parseSubnet(text, 6).toString()),
  /** For the bridge driver, which checks them. */
  driverOptions: recordOf(opaque),
};

export interface DefaultNetworkOptions extends Parsed<typeof defaultNetworkTable> {}

const defaultNetwork: Parser<DefaultNetworkOptions | false> = (value, name) =>
  value === false ? false : objectOf(defaultNetworkTable)(value, name);

const poolRange = {
  base: textBy((text) => parseSubnet(text).toString()),
  /** Prefix length of the pools. */
  size: integer(1, 128),
};

const controllerTable = {
  /** Where the store is; made if need be. One controller at a time uses it. */
  stateDir: absolutePath,
  /** Where namespaces and files of sandboxes are; made if need be. Best on a tmpfs such as /run. */
  runDir: absolutePath,
  /** Path of the network namespace that is the host. Default: the calling thread's. */
  hostNamespace: absolutePath,
  /** Configuration of each driver, by its name, for the driver to check. */
  drivers: withDefault(recordOf(opaque), {}),
  /** The network that is there from the start; false for none. */
  defaultNetwork: withDefault(defaultNetwork, {}),
  /** `none` leaves filtering and address translation to you. Default: nftables. */
  firewall: withDefault(oneOf("nftables", "none"), "nftables"),
  /** Name of our nftables tables: letters, digits and "_", and no word of nft's own language. Default: causeway. */
  firewallTable: withDefault(tableName, "causeway"),
  /** Where automatic IPv4 and IPv6 pools come from, in this order. */
  defaultAddressPools: withDefault(listOf(objectOf(poolRange)), []),
  /** How many namespaces are kept ready. Default: 4. */
  warmNamespaces: withDefault(integer(0, 1024), 4),
  /** What somebody else takes away of ours in the kernel is noticed and put back. Default: true. */
  selfHeal: withDefault(boolean, true),
};

const completeControllerOptions = completeObjectOf(controllerTable);

type Options = Parsed<typeof controllerTable>;
type Mandatory = "stateDir" | "runDir";

/** Options of {@link NetworkController.open}. */
export interface ControllerOptions extends Omit<Options, Mandatory>, Required<Pick<Options, Mandatory>> {}

export interface CheckedControllerOptions
  extends Omit<Complete<typeof controllerTable>, Mandatory | "defaultAddressPools">,
    Required<Pick<Options, Mandatory>> {
  readonly defaultAddressPools: readonly Required<Parsed<typeof poolRange>>[];
}

/** @throws unknown_option, invalid_option, invalid_path, invalid_subnet, invalid_table_name ... */
export function checkedControllerOptions(given: unknown): CheckedControllerOptions {
  const options = completeControllerOptions(given, "options");
  const { stateDir, runDir } = options;
  if (stateDir === undefined || runDir === undefined) {
    const missing = stateDir === undefined ? "stateDir" : "runDir";
    throw invalid("invalid_path", `options.${missing} is missing: say which directory is meant`);
  }
  const defaultAddressPools = options.defaultAddressPools.map(({ base, size }, at) => {
    if (base === undefined || size === undefined) {
      throw invalid("invalid_option", `options.defaultAddressPools[${at}]: give a base subnet and a size`);
    }
    return { base, size };
  });
  return { ...options, stateDir, runDir, defaultAddressPools };
}
