/**
 * Turning on forwarding in the host, and what that must not cost it.
 *
 * A host that forwards IPv6 stops believing router advertisements and loses its default route, unless accept_ra is 2
 * (networking/ip-sysctl.rst): interfaces that believe them are told to go on before forwarding is turned on.
 */
import { link, type NetNamespace, type Rtnl, readSysctl, writeSysctl } from "@causeway/kernel";

const ipv4Key = "net/ipv4/ip_forward";
const ipv6Key = "net/ipv6/conf/all/forwarding";

export interface ForwardingNeeds {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/**
 * Turns on what is needed and is off.
 *
 * @returns true where something was turned on: then what is not ours must not be forwarded on our account
 */
export function enableForwarding(host: NetNamespace, rtnl: Rtnl, needs: ForwardingNeeds): boolean {
  return host.run(() => {
    const ipv4 = needs.ipv4 && readSysctl(ipv4Key) === "0";
    const ipv6 = needs.ipv6 && readSysctl(ipv6Key) === "0";
    if (ipv6) {
      keepAdvertisedRoutes(rtnl);
      writeSysctl(ipv6Key, 1);
    }
    if (ipv4) writeSysctl(ipv4Key, 1);
    return ipv4 || ipv6;
  });
}

function keepAdvertisedRoutes(rtnl: Rtnl): void {
  const names = rtnl.dump(link.list()).map(({ name }) => name);
  for (const name of ["default", ...names]) {
    const key = `net/ipv6/conf/${name}/accept_ra`;
    if (readSysctl(key) === "1") writeSysctl(key, 2);
  }
}
