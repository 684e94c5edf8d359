/**
 * What the overlay driver understands: its own configuration, and the options of a network, each by a short name and by the label that
 * Docker's users know.
 */
import { type Complete, completeObjectOf, withDefault } from "../../options/defaults.ts";
import { interfacePrefix } from "../../options/interface-name.ts";
import { booleanText, integer, integerText, invalidOption, type Parser } from "../../options/parse.ts";
import { byShortName } from "../option-names.ts";
import { defaultEncryptedPort } from "./encryption/encryption.ts";

const configTable = {
  /** UDP port that tunnels end at: the same on every host of the cluster. Default: 4789 (RFC 7348). */
  vxlanPort: withDefault(integer(1, 65535), 4789),
  /**
   * UDP port of encrypted networks' tunnels, and of nothing else: another than the one above, and the same on every host of the cluster. On the
   * wire it is within ESP. Default: 4793.
   */
  encryptedPort: withDefault(integer(1, 65535), defaultEncryptedPort),
};

/** Reads the driver's own configuration. */
export const parseDriverConfig = completeObjectOf(configTable);

/** VXLAN network identifiers have 24 bits, and 0 is nobody's. */
export const highestVni = 0xff_ffff;
const vni = integerText(1, highestVni);

/** A number, a list of them, or Docker's text with commas between. */
const vniList: Parser<readonly number[]> = (value, name) => {
  const items: unknown = typeof value === "string" ? value.split(",") : [value].flat();
  if (!Array.isArray(items) || items.length === 0) {
    throw invalidOption(name, value, "a VXLAN id, or a list of them");
  }
  const ids = items.map((item, at) => vni(typeof item === "string" ? item.trim() : item, `${name}[${at}]`));
  if (new Set(ids).size < ids.length) throw invalidOption(name, value, "each VXLAN id once");
  return ids;
};

/** As a boolean's text; Docker's `--opt encrypted` comes without one. */
const flag: Parser<boolean> = (value, name) => value === "" || booleanText(value, name);

/** RFC 791's least and the most that a VXLAN device can have. */
const mtu = integerText(68, 65535);

const networkTable = {
  /** VXLAN ids of the network: it uses the first, and nobody gets the others. Default: one that is free, from 4096. */
  vxlanIds: vniList,
  /** Bytes. Default: what the underlay carries, less the tunnel's own. */
  mtu,
  /** What goes between hosts is encrypted. Default: false. */
  encrypted: withDefault(flag, false),
  /** Names of interfaces in sandboxes begin with it. Default: `eth`. */
  interfacePrefix: withDefault(interfacePrefix, "eth"),
  /** Endpoints may send from their own addresses only. Default: true. */
  antiSpoofing: withDefault(booleanText, true),
};

const completeNetworkOptions = completeObjectOf(networkTable);

type NetworkTable = typeof networkTable;

export type OverlayNetworkOptions = Complete<NetworkTable>;

/** Docker's labels, and libnetwork's. */
const labels: Readonly<Record<string, keyof NetworkTable>> = {
  "com.docker.network.driver.overlay.vxlanid_list": "vxlanIds",
  "com.docker.network.driver.mtu": "mtu",
  "com.docker.network.container_iface_prefix": "interfacePrefix",
};

const names = { driver: "overlay", table: networkTable, labels };

/**
 * Reads a network's options.
 *
 * @throws unknown_option, invalid_option, option_given_twice
 */
export function parseNetworkOptions(given: Readonly<Record<string, unknown>>): OverlayNetworkOptions {
  return completeNetworkOptions(byShortName(names, given), "driverOptions");
}
