/**
 * The host's routes into a network: the kernel makes them with the bridge's addresses, and does not make them again.
 */
import { address, type Rtnl, route } from "@causeway/kernel";
import { parseCidr } from "../../address/cidr.ts";
import type { BridgeSettings, BridgeState } from "./bridge-link.ts";

/** RTPROT_KERNEL of linux/rtnetlink.h: it goes with its address. */
const kernelProtocol = 2;
/** IP6_RT_PRIO_ADDRCONF of net/ip6_route.h: the metric of IPv6 routes that come with an address. */
const ipv6Metric = 256;

/** Of those that come with an address that is there: which are not. A route of a bridge that was there before us is its owner's. */
export function missingRoutes(
  rtnl: Rtnl,
  { addresses }: BridgeSettings,
  { index, foreign, added }: BridgeState,
): readonly route.RouteSettings[] {
  const there = new Set(rtnl.dump(address.list({ link: index })).map(cidrOf));
  const routes = rtnl.dump(route.list({ table: route.mainTable, link: index }));
  const destinations = new Set(routes.map(({ destination }) => destination));
  return addresses
    .filter((cidr) => there.has(cidr) && (!foreign || added.includes(cidr)))
    .map((cidr) => ({ own: parseCidr(cidr) }))
    .filter(({ own }) => own.hostBits > 0 && !destinations.has(own.subnet.toString()))
    .map(({ own: { subnet, address: source, family } }) => ({
      destination: subnet.toString(),
      link: index,
      protocol: kernelProtocol,
      ...(family === 4 ? { preferredSource: source.toString() } : { priority: ipv6Metric }),
    }));
}

const cidrOf = (item: address.Address) => `${item.address}/${item.prefixLength}`;
