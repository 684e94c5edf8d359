/**
 * The text of resolv.conf, read and written: resolv.conf(5), with Docker's rules for a network without a resolver of its own.
 *
 * The first line has a digest of the others: who changes them has the file to himself, until he empties it.
 */
import { tryParseIp } from "../address/ip.ts";
import type { SandboxFileContent } from "../contracts/sandbox-files.ts";
import { digestOf } from "./mark.ts";

export interface ResolvConf {
  /** Valid addresses in the order of the file; IPv6 ones may carry a zone (`fe80::1%eth0`). */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** Lines of other directives (`sortlist`), as they stand there. */
  readonly others: readonly string[];
}

export const emptyResolvConf: ResolvConf = Object.freeze({
  nameservers: [],
  search: [],
  options: [],
  others: [],
});

/** Docker's choice for a host without a name server that a sandbox can reach: Google Public DNS. */
const publicServers: readonly string[] = [
  "8.8.8.8",
  "8.8.4.4",
  "2001:4860:4860::8888",
  "2001:4860:4860::8844",
];

/** Reads what resolv.conf(5) knows; comments, and name servers that are no addresses, are left out. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  const options: string[] = [];
  const others: string[] = [];
  for (const line of text.split("\n")) {
    const [directive = "", ...values] = line.trim().split(/\s+/);
    if (directive === "" || /^[#;]/.test(directive)) continue;
    const [first] = values;
    if (directive === "nameserver") {
      if (first !== undefined && isServer(first)) nameservers.push(first);
    } else if (directive === "search" || directive === "domain") {
      // `domain` is the old name of `search`; the last of them counts, while options add up.
      if (first !== undefined) search = values;
    } else if (directive === "options") options.push(...values);
    else others.push(line.trim());
  }
  return Object.freeze({ nameservers, search, options, others });
}

/**
 * The configuration without name servers that a sandbox cannot reach: on the host's loopback, where it finds only itself, and link-local
 * ones behind an interface of the host's.
 */
export function withoutLocalServers(conf: ResolvConf): ResolvConf {
  return Object.freeze({ ...conf, nameservers: conf.nameservers.filter((server) => !isLocal(server)) });
}

/** Where the resolver is asked, in each sandbox: Docker's. */
export const resolverAddress = "127.0.0.11";

/**
 * The resolv.conf of a sandbox that asks the resolver. Names are asked for as they are, before a search list is tried, unless somebody
 * wants it otherwise (ndots): Docker's choice.
 */
export function resolverConfText(
  host: ResolvConf,
  { dnsSearch, dnsOptions }: Pick<SandboxFileContent, "dnsSearch" | "dnsOptions">,
): string {
  const given = dnsOptions.length > 0 ? dnsOptions : host.options;
  const options = given.filter((option) => !isNdots(option) || /^ndots:\d+$/.test(option));
  const all = options.some(isNdots) ? options : [...options, "ndots:0"];
  return marked(`nameserver ${resolverAddress}\n${otherLines(host, dnsSearch, all)}`);
}

/**
 * A sandbox's resolv.conf. What the content gives replaces the host's; a search list of "." alone means none.
 *
 * Of the host's name servers the IPv6 ones count only for a sandbox with an IPv6 address. Where none is left the file names
 * public ones, and says so: without a nameserver line, resolvers would ask the sandbox's own loopback.
 *
 * @param host the host's configuration, without name servers that the sandbox cannot reach
 */
export function resolvConfText(
  host: ResolvConf,
  content: Pick<SandboxFileContent, "dns" | "dnsSearch" | "dnsOptions" | "addresses">,
): string {
  let text = "";
  let servers = content.dns;
  if (servers.length === 0) {
    const hasIpv6 = content.addresses.some(isIpv6);
    const usable = (server: string) => hasIpv6 || !isIpv6(server);
    servers = host.nameservers.filter(usable);
    if (servers.length === 0) {
      text += "# The host has no name server that this sandbox can reach: these are public ones.\n";
      servers = publicServers.filter(usable);
    }
  }
  for (const server of servers) text += `nameserver ${server}\n`;
  const options = content.dnsOptions.length > 0 ? content.dnsOptions : host.options;
  return marked(text + otherLines(host, content.dnsSearch, options));
}

/** Whether others have written into it. An empty one is nobody's. */
export function isEditedResolvConf(there: string): boolean {
  if (there.trim() === "") return false;
  const [first = "", digest] = firstLine.exec(there) ?? [];
  return digest !== digestOf(there.slice(first.length));
}

const firstLine = /^# Written by Causeway \(([0-9a-f]{12})\)[^\n]*\n/;

function marked(text: string): string {
  const hint = "it stays as you change it, and is written again when you empty it";
  return `# Written by Causeway (${digestOf(text)}): ${hint}.\n${text}`;
}

function otherLines(host: ResolvConf, wanted: readonly string[], options: readonly string[]): string {
  const search = wanted.length > 0 ? wanted.filter((domain) => domain !== ".") : host.search;
  let text = search.length > 0 ? `search ${search.join(" ")}\n` : "";
  if (options.length > 0) text += `options ${options.join(" ")}\n`;
  for (const line of host.others) text += `${line}\n`;
  return text;
}

/** With or without a number. */
function isNdots(option: string): boolean {
  return option === "ndots" || option.startsWith("ndots:");
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}

function isServer(text: string): boolean {
  const [address, zone] = splitZone(text);
  return tryParseIp(address) !== undefined && (zone === undefined || (isIpv6(address) && zone !== ""));
}

/** Loopback, or the unspecified address, which resolvers take for it; and what has a zone. */
function isLocal(server: string): boolean {
  const [text, zone] = splitZone(server);
  const address = tryParseIp(text);
  if (address === undefined) return false;
  if (zone !== undefined) return true;
  const mapped = address.family === 6 && address.value >> 32n === 0xffffn; // ::ffff:127.0.0.1
  if (address.family === 6 && !mapped) return address.value <= 1n; // :: and ::1
  const ipv4 = address.value & 0xffffffffn;
  return ipv4 === 0n || ipv4 >> 24n === 127n;
}

/** RFC 4007: the zone is all behind the first "%". */
function splitZone(server: string): readonly [address: string, zone?: string] {
  const zoneAt = server.indexOf("%");
  return zoneAt === -1 ? [server] : [server.slice(0, zoneAt), server.slice(zoneAt + 1)];
}
