/**
 * Where a name server is: its address as the kernel takes it, the zone of a link-local one as the interface of that name in the namespace
 * where this is called (RFC 4007 section 11).
 */
import { InetSockaddr, type link, Rtnl } from "@causeway/kernel";
import { parseIp } from "../../address/ip.ts";
import { splitZone } from "../../address/zone.ts";
import { unavailable } from "../../errors.ts";

/** @throws zone_gone where the namespace has no such interface */
export function serverSockaddr(address: string): InetSockaddr {
  const [ip, zone] = splitZone(address);
  return new InetSockaddr(
    parseIp(ip).bytes(),
    address,
    zone === undefined ? 0 : interfaceIndex(zone, address),
  );
}

function interfaceIndex(zone: string, address: string): number {
  using rtnl = new Rtnl();
  const found = rtnl.findLink({ name: zone }) ?? byNumber(rtnl, zone);
  if (found === undefined) throw unavailable("zone_gone", `${address}: there is no interface ${zone}`);
  return found.index;
}

/** As glibc has it: an interface may be named by its number. */
function byNumber(rtnl: Rtnl, zone: string): link.Link | undefined {
  return /^\d{1,9}$/.test(zone) ? rtnl.findLink({ index: Number(zone) }) : undefined;
}
