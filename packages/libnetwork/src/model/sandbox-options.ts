/**
 * What a sandbox is asked to be: the options of newSandbox, checked.
 */
import { parseIp } from "../address/ip.ts";
import { splitZone } from "../address/zone.ts";
import { invalid } from "../errors.ts";
import { absolutePath } from "../options/absolute-path.ts";
import { type Complete, completeObjectOf, withDefault } from "../options/defaults.ts";
import { hostname, word } from "../options/host-file-texts.ts";
import {
  boolean,
  listOf,
  objectOf,
  type Parsed,
  type Parser,
  recordOf,
  string,
  textBy,
} from "../options/parse.ts";

const address = textBy((text) => parseIp(text).toString());

/** As in resolv.conf(5): an IPv6 one may say by which interface, `fe80::1%eth0` (RFC 4007 section 11). */
const nameServer = textBy((text) => {
  const [ip, zone] = splitZone(text);
  const server = parseIp(ip);
  if (zone === undefined) return server.toString();
  // It stands in a line of the sandbox's resolv.conf.
  if (server.family === 6 && /^[^\s/%]{1,15}$/.test(zone)) return `${server}%${zone}`;
  throw invalid(
    "invalid_address",
    `"${text}" is no address: an interface stands behind an IPv6 one, fe80::1%eth0`,
    text,
  );
});

/** Docker's word for the host, in the place of an address. */
export const hostGateway = "host-gateway";

const hostAddress: Parser<string> = (value, name) =>
  value === hostGateway ? hostGateway : address(value, name);

const extraHost = { name: hostname, address: hostAddress };

export const sandboxTable = {
  /** Its name in /etc/hostname and, with its addresses, in /etc/hosts. Default: none. */
  hostname,
  /** Makes the full name in /etc/hosts, behind the hostname. Default: none. */
  domainname: hostname,
  /** Lines of /etc/hosts besides those of the endpoints; `host-gateway` as an address stands for the host, as the sandbox reaches it. */
  extraHosts: withDefault(listOf(objectOf(extraHost)), []),
  /** Name servers; `fe80::1%eth0` is one at an interface of the sandbox. Default: the host's. */
  dns: withDefault(listOf(nameServer), []),
  /** Domains in which names are looked up; `.` alone for none. Default: the host's. */
  dnsSearch: withDefault(listOf(word), []),
  /** Options of the resolver: `ndots:2` ... Default: the host's. */
  dnsOptions: withDefault(listOf(word), []),
  /** Use the host's own network instead of a namespace. Default: false. */
  useHostNetwork: withDefault(boolean, false),
  /** Path of a namespace that was made elsewhere. Default: one is made; see also `sandbox.setKey`. */
  key: absolutePath,
  /** The namespace is made by somebody else later: `sandbox.setKey` adopts it. Default: false. */
  externalKey: withDefault(boolean, false),
  /** Container id, or id of its sandbox, whose network stack is shared. */
  shareWith: string,
  /** The user's own, by name. Default: none. */
  labels: withDefault(recordOf(string), {}),
};

/** Options of {@link NetworkController.newSandbox}. */
export interface SandboxOptions extends Parsed<typeof sandboxTable> {}

const completeSandboxOptions = completeObjectOf(sandboxTable);

export interface CheckedSandboxOptions extends Omit<Complete<typeof sandboxTable>, "extraHosts"> {
  readonly extraHosts: readonly Required<Parsed<typeof extraHost>>[];
}

/** The options with those changed that are given. */
export function changedSandboxOptions(
  current: CheckedSandboxOptions,
  given: SandboxOptions,
): CheckedSandboxOptions {
  const checked = checkedSandboxOptions(given);
  const changes = Object.entries(checked).filter(([name]) => Object.hasOwn(given, name));
  return { ...current, ...Object.fromEntries(changes) };
}

/** @throws unknown_option, invalid_option, invalid_hostname, invalid_path, invalid_address, contradictory_options */
export function checkedSandboxOptions(given: unknown): CheckedSandboxOptions {
  const options = completeSandboxOptions(given, "options");
  const sources = (["useHostNetwork", "key", "externalKey", "shareWith"] as const).filter(
    (name) => options[name] !== undefined && options[name] !== false,
  );
  if (sources.length > 1) {
    throw invalid(
      "contradictory_options",
      `options: ${sources.join(" and ")} exclude each other: give one of them`,
    );
  }
  const extraHosts = options.extraHosts.map(({ name, address: ip }, at) => {
    if (name === undefined || ip === undefined) {
      throw invalid("invalid_option", `options.extraHosts[${at}]: give a name and an address`);
    }
    return { name, address: ip };
  });
  return { ...options, extraHosts };
}
