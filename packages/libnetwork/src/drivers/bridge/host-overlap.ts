/**
 * A network's subnet must not hide what the host already has a route to.
 */
import { link, type Rtnl, route } from "@causeway/kernel";
import { type Cidr, parseCidr, parseSubnet } from "../../address/cidr.ts";
import type { NetworkPolicy } from "../../contracts/firewall.ts";
import { conflict } from "../../errors.ts";

/**
 * Refuses subnets that overlap a route of the host by another link than the bridge itself; a default route does not count.
 *
 * @throws route_overlap
 */
export function refuseHostOverlap(rtnl: Rtnl, { bridge, ipv4, ipv6 }: NetworkPolicy): void {
  const subnets = [ipv4, ipv6]
    .filter((policy) => policy !== undefined)
    .map(({ subnet }) => parseSubnet(subnet));
  const own = rtnl.findLink({ name: bridge })?.index;
  for (const { destination, link: by } of rtnl.dump(route.list({ table: route.mainTable }))) {
    if (destination === "default" || (by !== undefined && by === own)) continue;
    const taken = parseCidr(destination);
    const subnet = subnets.find((candidate) => overlap(candidate, taken));
    if (subnet === undefined) continue;
    const name = by === undefined ? "" : ` by ${rtnl.query(link.get({ index: by })).name}`;
    throw conflict(
      "route_overlap",
      `subnet ${subnet} overlaps the host's route to ${taken}${name}: choose another subnet`,
      {
        subnet: subnet.toString(),
        route: destination,
      },
    );
  }
}

function overlap(subnet: Cidr, taken: Cidr): boolean {
  return subnet.family === taken.family && subnet.overlaps(taken);
}
