/**
 * What a resolv.conf says: resolv.conf(5).
 */
import { tryParseIp } from "../../address/ip.ts";
import { splitZone } from "../../address/zone.ts";

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

export function isIpv6(address: string): boolean {
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
