/**
 * The text of a sandbox's resolv.conf: with a resolver, and without one by Docker's rules.
 *
 * The first line has a digest of the others: who changes them has the file to himself, until he empties it.
 */
import type { SandboxFileContent } from "../../contracts/sandbox-files.ts";
import { digestOf } from "./mark.ts";
import { isIpv6, type ResolvConf } from "./resolv-conf.ts";

/** Where the resolver is asked, in each sandbox: Docker's. */
export const resolverAddress = "127.0.0.11";

/** Docker's choice for a host without a name server that a sandbox can reach: Google Public DNS. */
const publicServers: readonly string[] = [
  "8.8.8.8",
  "8.8.4.4",
  "2001:4860:4860::8888",
  "2001:4860:4860::8844",
];

const firstLine = /^# Written by Causeway \(([0-9a-f]{12})\)[^\n]*\n/;

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
