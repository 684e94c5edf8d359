/**
 * A network's subnet must not hide what the host already has a route to.
 */
import { type Rtnl, route } from "@causeway/kernel";
import { type Cidr, parseCidr, parseSubnet } from "../../address/cidr.ts";
import type { NetworkPolicy } from "../../contracts/firewall.ts";
import { conflict } from "../../errors.ts";

/** A route of the host that a subnet overlaps. */
interface HostOverlap {
  readonly subnet: Cidr;
  readonly route: Cidr;
  /** Where it leads: ` by eth0`, or nothing. */
  readonly by: string;
}

/**
 * Refuses subnets that overlap a route of the host by another link than the bridge itself; a default route does not count.
 *
 * @throws route_overlap
 */
export function refuseHostOverlap(rtnl: Rtnl, policy: NetworkPolicy): void {
  const found = findHostOverlap(rtnl, policy);
  if (found === undefined) return;
  const { subnet, route: taken, by } = found;
  throw conflict(
    "route_overlap",
    `subnet ${subnet} overlaps the host's route to ${taken}${by}: choose another subnet`,
    { subnet: subnet.toString(), route: taken.toString() },
  );
}

export function findHostOverlap(rtnl: Rtnl, { bridge, ipv4, ipv6 }: NetworkPolicy): HostOverlap | undefined {
  const subnets = [ipv4, ipv6]
    .filter((policy) => policy !== undefined)
    .map(({ subnet }) => parseSubnet(subnet));
  const own = rtnl.findLink({ name: bridge })?.index;
  for (const { destination, link: by } of rtnl.dump(route.list({ table: route.mainTable }))) {
    if (destination === "default" || (by !== undefined && by === own)) continue;
    const taken = parseCidr(destination);
    const subnet = subnets.find((candidate) => overlap(candidate, taken));
    if (subnet === undefined) continue;
    const name = by === undefined ? undefined : rtnl.findLink({ index: by })?.name;
    return { subnet, route: taken, by: name === undefined ? "" : ` by ${name}` };
  }
  return undefined;
}

function overlap(subnet: Cidr, taken: Cidr): boolean {
  return subnet.family === taken.family && subnet.overlaps(taken);
}
