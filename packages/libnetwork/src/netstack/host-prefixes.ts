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

/** @param resolvConf path of the host's resolv.conf; one that cannot be read names none */
export function hostNameServers(resolvConf: string): readonly string[] {
  return nameServers(textOf(resolvConf));
}

function textOf(path: string): string {
  try {
    return files.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** @param resolvConf path of the host's resolv.conf */
export function hostPrefixes(rtnl: Rtnl, resolvConf: string): readonly string[] {
  return [...routedPrefixes(rtnl), ...nameServerPrefixes(textOf(resolvConf))];
}
