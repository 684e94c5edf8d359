/**
 * What the bridge driver understands: its own configuration, and the options of a network, each by a short name and by the label that
 * Docker's users know.
 */
import { parseIp } from "../../address/ip.ts";
import type { GatewayMode } from "../../contracts/firewall.ts";
import { invalid } from "../../errors.ts";
import { type Complete, completeObjectOf, withDefault } from "../../options/defaults.ts";
import { interfaceName, interfacePrefix } from "../../options/interface-name.ts";
import {
  boolean,
  booleanText,
  integerText,
  invalidOption,
  oneOf,
  type Parsed,
  type Parser,
  textBy,
} from "../../options/parse.ts";
import { byShortName } from "../option-names.ts";

const configTable = {
  /** Turn on forwarding in the host when a network needs it. Default: true. */
  enableForwarding: withDefault(boolean, true),
  /** Where we turned it on: let traffic between interfaces that are not ours be forwarded too. Default: false. */
  allowForeignForwarding: withDefault(boolean, false),
};

/** Reads the driver's own configuration. */
export const parseDriverConfig = completeObjectOf(configTable);

const gatewayMode = oneOf<GatewayMode>("nat", "nat-unprotected", "routed", "isolated");
const ipv4 = textBy((text) => parseIp(text, 4).toString());
const ipv6 = textBy((text) => parseIp(text, 6).toString());

/** More than hosts have, and no burden to the packet filter. */
const mostTrusted = 256;

/** A list, or Docker's text of names with colons between. */
const interfaceNames: Parser<readonly string[]> = (value, name) => {
  const names: unknown = typeof value === "string" ? value.split(":") : value;
  if (!Array.isArray(names) || names.length > mostTrusted) {
    throw invalidOption(name, value, `a list of at most ${mostTrusted} interface names`);
  }
  return names.map((item, at) => interfaceName(item, `${name}[${at}]`));
};

/** RFC 791's least and the most that the kernel lets a bridge have. */
const mtu = integerText(68, 65535);

const networkTable = {
  /** Interface name of the bridge. One that is there already is used, and never deleted. Default: `br-` and 12 digits of the id. */
  bridgeName: interfaceName,
  /** Endpoints reach each other directly. Default: true. */
  icc: withDefault(booleanText, true),
  /** What leaves the network gets an address of the host. Default: true. */
  masquerade: withDefault(booleanText, true),
  /** Default: nat. */
  gatewayModeIpv4: withDefault(gatewayMode, "nat"),
  /** Default: nat. */
  gatewayModeIpv6: withDefault(gatewayMode, "nat"),
  /** The bridge does not get the IPv4 gateway address: somebody else on the network has it. Default: false. */
  inhibitIpv4: withDefault(booleanText, false),
  /** Where ports are published that name no host address. Default: every address of the host. */
  hostBindingIpv4: ipv4,
  /** The default network's mark, kept for Docker's sake. */
  defaultBridge: booleanText,
  /** Host interfaces from which published ports can be reached at the container's own address. Default: none. */
  trustedHostInterfaces: withDefault(interfaceNames, []),
  /** Bytes. Default: the kernel's (1500). */
  mtu,
  /** Source address of what leaves, in the place of masquerading. */
  hostIpv4: ipv4,
  /** The same for IPv6. */
  hostIpv6: ipv6,
  /** Names of interfaces in sandboxes begin with it. Default: `eth`. */
  interfacePrefix: withDefault(interfacePrefix, "eth"),
  /** How many times an address is announced when an endpoint joins, 0 to 3. Default: 3. */
  advertiseCount: withDefault(integerText(0, 3), 3),
  /** Milliseconds between announcements, 100 to 2000. Default: 1000. */
  advertiseIntervalMs: withDefault(integerText(100, 2000), 1000),
  /** Endpoints may send from their own addresses only. Default: true. */
  antiSpoofing: withDefault(booleanText, true),
};

const completeNetworkOptions = completeObjectOf(networkTable);

type NetworkTable = typeof networkTable;

/** Docker's labels, netlabel and bridge label names of libnetwork. */
const labels: Readonly<Record<string, keyof NetworkTable>> = {
  "com.docker.network.bridge.name": "bridgeName",
  "com.docker.network.bridge.enable_icc": "icc",
  "com.docker.network.bridge.enable_ip_masquerade": "masquerade",
  "com.docker.network.bridge.gateway_mode_ipv4": "gatewayModeIpv4",
  "com.docker.network.bridge.gateway_mode_ipv6": "gatewayModeIpv6",
  "com.docker.network.bridge.inhibit_ipv4": "inhibitIpv4",
  "com.docker.network.bridge.host_binding_ipv4": "hostBindingIpv4",
  "com.docker.network.bridge.default_bridge": "defaultBridge",
  "com.docker.network.bridge.trusted_host_interfaces": "trustedHostInterfaces",
  "com.docker.network.driver.mtu": "mtu",
  "com.docker.network.host_ipv4": "hostIpv4",
  "com.docker.network.host_ipv6": "hostIpv6",
  "com.docker.network.container_iface_prefix": "interfacePrefix",
  "com.docker.network.advertise_addr_nmsgs": "advertiseCount",
  "com.docker.network.advertise_addr_ms": "advertiseIntervalMs",
};

/** Docker's label of each option, by the option's short name. */
export const bridgeOptionLabels: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(labels).map(([label, name]) => [name, label]),
);

export interface BridgeNetworkOptions
  extends Omit<Complete<NetworkTable>, "defaultBridge">,
    Pick<Parsed<NetworkTable>, "defaultBridge"> {}

const names = { driver: "bridge", table: networkTable, labels };

/**
 * Reads a network's options.
 *
 * @throws unknown_option, invalid_option, invalid_interface_name, invalid_address, option_given_twice, isolated_needs_internal
 */
export function parseNetworkOptions(
  given: Readonly<Record<string, unknown>>,
  internal: boolean,
): BridgeNetworkOptions {
  const { defaultBridge, ...options } = completeNetworkOptions(byShortName(names, given), "driverOptions");
  for (const name of ["gatewayModeIpv4", "gatewayModeIpv6"] as const) {
    if (options[name] === "isolated" && !internal) {
      throw invalid(
        "isolated_needs_internal",
        `${name}: "isolated" is for internal networks: make the network internal`,
      );
    }
  }
  return defaultBridge === undefined ? options : { ...options, defaultBridge };
}
