/**
 * What a controller is asked to be: the options of NetworkController.open, checked.
 */
import { hostname } from "node:os";
import { defaultDirectories, type PluginDirectories } from "@causeway/plugin-sdk";
import { parseSubnet } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import type { SharedStore } from "../contracts/shared-store.ts";
import { invalid } from "../errors.ts";
import { absolutePath } from "../options/absolute-path.ts";
import { type Complete, completeObjectOf, withDefault } from "../options/defaults.ts";
import {
  boolean,
  integer,
  invalidOption,
  listOf,
  named,
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

const pluginDirectories = {
  /** Of sockets: `NAME.sock`, `NAME/NAME.sock`. Default: /run/docker/plugins. */
  sockets: absolutePath,
  /** Of `NAME.spec` and `NAME.json`. Default: /etc/docker/plugins and /usr/lib/docker/plugins. */
  specs: listOf(absolutePath),
};

const pluginsTable = {
  /** Where they are looked for. Default: where Docker looks. */
  directories: objectOf(pluginDirectories),
  /** Milliseconds that a plugin may take to answer. Default: 60,000. */
  timeout: integer(1, 3_600_000),
  /** Milliseconds in which a plugin that does not accept connections is tried again. Default: 30,000, as in Docker. */
  patience: integer(0, 3_600_000),
};

/** Network drivers and IPAMs that are programs of their own. */
export interface PluginOptions extends Parsed<typeof pluginsTable> {}

const plugins: Parser<PluginOptions | false> = (value, name) =>
  value === false ? false : objectOf(pluginsTable)(value, name);

const poolRange = {
  base: textBy((text) => parseSubnet(text).toString()),
  /** Prefix length of the pools. */
  size: integer(1, 128),
};

const sharedStore: Parser<SharedStore> = (value, name) => {
  const isStore =
    typeof value === "object" && value !== null && ["commit", "follow", "lease"].every((key) => key in value);
  if (isStore) return value as SharedStore;
  throw invalidOption(name, value, "an open store that hosts share");
};

/** Where what hosts share is kept: store/etcd/options.ts checks them. */
const etcdTable = {
  /** Where etcd is: `http://` or `https://`, host and port (2379). Of several, which are members of one cluster, any that answers is asked. */
  etcd: listOf(string),
  /** Which of the clusters in this etcd. Default: `default`. */
  cluster: string,
  /** PEM files for `https://` endpoints: `ca`, `cert` and `key`. */
  tls: recordOf(string),
  /** Who this host is to etcd, where etcd asks. With `passwordFile`. */
  user: string,
  /** A file with the password of `user`. */
  passwordFile: absolutePath,
};

const clusterTable = {
  ...etcdTable,
  /** In the place of etcd: another store that hosts share. It stays yours to close, after the controller. */
  store: sharedStore,
  /** What this host is called, for people. Default: its hostname. */
  name: string,
  /** Where other hosts reach this one: an address of its, or the name of an interface. Default: the interface of the default route. */
  advertise: string,
  /** Seconds until the others do without a host that is not heard of. Default: 10. */
  life: integer(2, 3600),
  /** Seconds until what such a host was given is given to others. Default: 600. */
  retention: integer(2, 30 * 86_400),
  /**
   * Seconds that a generation of keys is used, by which encrypted networks are encrypted: longer than a host may be away from the others. The
   * keeper's counts, which any host may be: the same on all of them. Default: 12 hours.
   */
  keyPeriod: integer(1, 20 * 86_400),
  /** Where automatic pools of the cluster's networks come from. Default: 10.0.0.0/8 as /24. */
  defaultAddressPools: listOf(objectOf(poolRange)),
};

/** The hosts that this one shares networks with. */
export interface ClusterOptions extends Parsed<typeof clusterTable> {}

const cluster: Parser<ClusterOptions | false> = (value, name) =>
  value === false ? false : objectOf(clusterTable)(value, name);

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
  /**
   * The gateway bridge: sandboxes get on it that no network of theirs gives a gateway, once there is one; false for none. `name` is by default
   * `causeway_gwbridge`, `bridgeName` `causeway_gw`, or `br-` and 12 digits of the id where that is taken.
   */
  gatewayNetwork: withDefault(defaultNetwork, {}),
  /** `none` leaves filtering and address translation to you. Default: nftables. */
  firewall: withDefault(oneOf("nftables", "none"), "nftables"),
  /** Name of our nftables tables: letters, digits and "_", and no word of nft's own language. Default: causeway. */
  firewallTable: withDefault(tableName, "causeway"),
  /** Where automatic IPv4 and IPv6 pools come from, in this order. */
  defaultAddressPools: withDefault(listOf(objectOf(poolRange)), []),
  /**
   * The names of a network's endpoints are answered in its sandboxes, at 127.0.0.11, and what else they ask for is asked of others. Without it
   * they ask the host's name servers themselves. Default: true.
   */
  resolver: withDefault(boolean, true),
  /** Bytes of others' answers that the resolver keeps, of all sandboxes together; 0: none. Default: 4 MiB. */
  resolverCacheBytes: withDefault(integer(0, 1 << 30), 4 << 20),
  /** The host's resolv.conf: whom it asks for names. Looked at again when it has changed. Default: /etc/resolv.conf. */
  hostResolvConf: withDefault(absolutePath, "/etc/resolv.conf"),
  /** What `host-gateway` stands for in extra hosts. Default: the gateway of the sandbox's own network. */
  hostGateways: withDefault(listOf(textBy((text) => parseIp(text).toString())), []),
  /** How many namespaces are kept ready. Default: 4. */
  warmNamespaces: withDefault(integer(0, 1024), 4),
  /** What somebody else takes away of ours in the kernel is noticed and put back. Default: true. */
  selfHeal: withDefault(boolean, true),
  /** Network drivers and IPAMs of other names than the built-in ones are looked for among Docker's plugins; false: there are no others. */
  plugins: withDefault(plugins, {}),
  /** The hosts that this one shares networks with; false: none. Default: false. */
  cluster: withDefault(cluster, false),
};

const completeControllerOptions = completeObjectOf(controllerTable);

type Options = Parsed<typeof controllerTable>;
type Mandatory = "stateDir" | "runDir";

/** Options of {@link NetworkController.open}. */
export interface ControllerOptions extends Omit<Options, Mandatory>, Required<Pick<Options, Mandatory>> {}

export interface CheckedControllerOptions
  extends Omit<Complete<typeof controllerTable>, Mandatory | "defaultAddressPools" | "plugins" | "cluster">,
    Required<Pick<Options, Mandatory>> {
  readonly defaultAddressPools: readonly WholeRange[];
  readonly plugins: CheckedPluginOptions | false;
  readonly cluster: CheckedClusterOptions | undefined;
}

export interface CheckedClusterOptions {
  /** An open store, or what etcd's is opened with. */
  readonly store: SharedStore | undefined;
  readonly etcd: Parsed<typeof etcdTable>;
  readonly name: string;
  readonly advertise: string | undefined;
  readonly lifetimes: { readonly life: number; readonly retention: number };
  /** How long a generation of keys is used. */
  readonly keyPeriodMs: number;
  readonly defaultPools: readonly WholeRange[];
}

export interface CheckedPluginOptions extends Required<Omit<PluginOptions, "directories">> {
  readonly directories: PluginDirectories;
}

/** @throws unknown_option, invalid_option, invalid_path, invalid_subnet, invalid_table_name ... */
export function checkedControllerOptions(given: unknown): CheckedControllerOptions {
  const options = completeControllerOptions(given, "options");
  const { stateDir, runDir } = options;
  if (stateDir === undefined || runDir === undefined) {
    const missing = stateDir === undefined ? "stateDir" : "runDir";
    throw invalid("invalid_path", `options.${missing} is missing: say which directory is meant`);
  }
  return {
    ...options,
    stateDir,
    runDir,
    defaultAddressPools: wholeRanges(options.defaultAddressPools),
    plugins: options.plugins && wholePlugins(options.plugins),
    cluster: options.cluster === false ? undefined : wholeCluster(options.cluster),
  };
}

function wholeCluster({
  store,
  name = hostname(),
  advertise,
  life = 10,
  retention = 600,
  keyPeriod = 12 * 3600,
  defaultAddressPools = [],
  ...etcd
}: ClusterOptions): CheckedClusterOptions {
  if (store !== undefined && Object.keys(etcd).length > 0) {
    const message = `options.cluster: store and ${Object.keys(etcd).join(", ")} exclude each other: give an open store, or where etcd is`;
    throw invalid("contradictory_options", message);
  }
  if (retention < life) {
    const message = `options.cluster.retention: ${retention} s is shorter than life, ${life} s: what a host has would be given away while it lives`;
    throw invalid("contradictory_options", message);
  }
  const defaultPools = wholeRanges(defaultAddressPools, "options.cluster.defaultAddressPools");
  return {
    store,
    etcd,
    name,
    advertise,
    lifetimes: { life, retention },
    keyPeriodMs: keyPeriod * 1000,
    defaultPools,
  };
}

function wholePlugins({
  directories,
  timeout = 60_000,
  patience = 30_000,
}: PluginOptions): CheckedPluginOptions {
  return { directories: { ...defaultDirectories, ...directories }, timeout, patience };
}

type WholeRange = Required<Parsed<typeof poolRange>>;

function wholeRanges(
  ranges: readonly Parsed<typeof poolRange>[],
  name = "options.defaultAddressPools",
): readonly WholeRange[] {
  return ranges.map(({ base, size }, at) => {
    if (base !== undefined && size !== undefined) return { base, size };
    throw invalid("invalid_option", `${name}[${at}]: give a base subnet and a size`);
  });
}

const reloadTable = {
  /** Where automatic pools come from, from now on. Networks keep what they have. */
  defaultAddressPools: listOf(objectOf(poolRange)),
  /** Statements of nftables, a line each, for the chains `user`, which are emptied first. */
  userRules: string,
};

/** Options of {@link NetworkController.reloadConfiguration}. */
export interface ReloadOptions extends Parsed<typeof reloadTable> {}

/** @throws unknown_option, invalid_option, invalid_subnet */
export function checkedReloadOptions(given: unknown) {
  const { defaultAddressPools, userRules } = parseObject(reloadTable, given, "options");
  return {
    userRules,
    defaultAddressPools: defaultAddressPools && wholeRanges(defaultAddressPools),
  };
}

/**
 * Looks at options as {@link NetworkController.open} would, and opens nothing. What drivers are configured with they check themselves.
 *
 * @throws unknown_option, invalid_option, invalid_path, invalid_subnet, invalid_table_name ...
 */
export function checkControllerOptions(options: ControllerOptions): void {
  checkedControllerOptions(options);
}
