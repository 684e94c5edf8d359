/**
 * What a host already uses: the subnets that its routes lead to, and its name servers.
 */
import { files, type Rtnl, route } from "@causeway/kernel";
import { tryParseIp } from "../address/ip.ts";

/** Destinations of the main table as CIDRs, without default routes and link-local or multicast ones. */
function routedPrefixes(rtnl: Rtnl): readonly string[] {
  return rtnl
    .dump(route.list({ table: route.mainTable }))
    .filter(({ destination }) => destination !== "default" && !/^(fe80:|ff)/.test(destination))
    .map(({ destination }) => destination);
}

/** Name servers of the host's resolv.conf, each as a CIDR of its own. */
export function nameServerPrefixes(resolvConf: string): readonly string[] {
  return nameServers(resolvConf).map((server) => `${server}/${server.includes(":") ? 128 : 32}`);
}

function nameServers(resolvConf: string): readonly string[] {
  const servers: string[] = [];
  for (const line of resolvConf.split("\n")) {
    const [keyword, server = ""] = line.trim().split(/\s+/);
    const address = keyword === "nameserver" ? tryParseIp(server) : undefined;
    if (address !== undefined) servers.push(address.toString());
  }
  return servers;
}

export function hostNameServers(): readonly string[] {
  return nameServers(hostResolvConf());
}

function hostResolvConf(): string {
  try {
    return files.readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}

export function hostPrefixes(rtnl: Rtnl): readonly string[] {
  return [...routedPrefixes(rtnl), ...nameServerPrefixes(hostResolvConf())];
}
