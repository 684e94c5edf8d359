/**
 * The text of resolv.conf, read and written: resolv.conf(5), with Docker's rules for a network without a resolver of its own.
 */
import { tryParseIp } from "../address/ip.ts";
import type { SandboxFileContent } from "../contracts/sandbox-files.ts";

export interface ResolvConf {
  /** Valid addresses in the order of the file; IPv6 ones may carry a zone (`fe80::1%eth0`). */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export const emptyResolvConf: ResolvConf = Object.freeze({ nameservers: [], search: [], options: [] });

/** Docker's choice for a host without a name server that a sandbox can reach: Google Public DNS. */
const publicServers: readonly string[] = [
  "8.8.8.8",
  "8.8.4.4",
  "2001:4860:4860::8888",
  "2001:4860:4860::8844",
];

/** Reads what resolv.conf(5) knows; name servers that are no addresses, and other directives, are left out. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  const options: string[] = [];
  for (const line of text.split("\n")) {
    const [directive, ...values] = line.trim().split(/\s+/);
    const [first] = values;
    if (first === undefined) continue;
    if (directive === "nameserver" && tryParseIp(withoutZone(first)) !== undefined) nameservers.push(first);
    // `domain` is the old name of `search`; the last of them counts, while options add up.
    if (directive === "search" || directive === "domain") search = values;
    if (directive === "options") options.push(...values);
  }
  return Object.freeze({ nameservers, search, options });
}

/** The configuration without name servers on the host's loopback, where a sandbox finds only itself. */
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
  const options = dnsOptions.length > 0 ? dnsOptions : host.options;
  const hasNdots = options.some((option) => option.startsWith("ndots:"));
  const all = hasNdots ? options : [...options, "ndots:0"];
  return `# Written by Causeway.\nnameserver ${resolverAddress}\n${searchLine(host, dnsSearch)}options ${all.join(" ")}\n`;
}

/**
 * A sandbox's resolv.conf. What the content gives replaces the host's; a search list of "." alone means none.
 *
 * Of the host's name servers the IPv6 ones count only for a sandbox with an IPv6 address. Where none is left the file names
 * public ones, and says so: without a nameserver line, resolvers would ask the sandbox's own loopback.
 *
 * @param host the host's configuration, without name servers on its loopback.
 */
export function resolvConfText(
  host: ResolvConf,
  content: Pick<SandboxFileContent, "dns" | "dnsSearch" | "dnsOptions" | "addresses">,
): string {
  let text = "# Written by Causeway.\n";
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
  text += searchLine(host, content.dnsSearch);
  const options = content.dnsOptions.length > 0 ? content.dnsOptions : host.options;
  if (options.length > 0) text += `options ${options.join(" ")}\n`;
  return text;
}

function searchLine(host: ResolvConf, wanted: readonly string[]): string {
  const search = wanted.length > 0 ? wanted.filter((domain) => domain !== ".") : host.search;
  return search.length > 0 ? `search ${search.join(" ")}\n` : "";
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** Loopback, or the unspecified address, which resolvers take for it. */
function isLocal(server: string): boolean {
  const address = tryParseIp(withoutZone(server));
  if (address === undefined) return false;
  const mapped = address.family === 6 && address.value >> 32n === 0xffffn; // ::ffff:127.0.0.1
  if (address.family === 6 && !mapped) return address.value <= 1n; // :: and ::1
  const ipv4 = address.value & 0xffffffffn;
  return ipv4 === 0n || ipv4 >> 24n === 127n;
}

function withoutZone(server: string): string {
  const zoneAt = server.indexOf("%");
  return zoneAt === -1 ? server : server.slice(0, zoneAt);
}
