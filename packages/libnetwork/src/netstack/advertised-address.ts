/**
 * The address by which other hosts reach this one.
 */
import { address, isKernelError, link, type Rtnl, route } from "@causeway/kernel";
import { type IpAddress, parseIp, tryParseIp } from "../address/ip.ts";
import { CausewayError } from "../errors.ts";

/**
 * @param wish an address that the host has, or the name of an interface, whose first address is taken; default: the interface of the
 * default route
 * @throws advertise_not_found
 */
export function advertisedAddress(rtnl: Rtnl, wish: string | undefined): string {
  const wanted = wish === undefined ? undefined : tryParseIp(wish);
  if (wanted !== undefined) return ownAddress(rtnl, wanted);
  const index = wish === undefined ? defaultLink(rtnl) : linkNamed(rtnl, wish);
  const [first] = ([4, 6] as const)
    .flatMap((family) => rtnl.dump(address.list({ family })))
    .filter((one) => one.link === index && !one.address.startsWith("fe80:"));
  if (first !== undefined) return parseIp(first.address).toString();
  throw notFound(`${wish === undefined ? "the interface of the default route" : wish} has no address`, wish);
}

function ownAddress(rtnl: Rtnl, wanted: IpAddress): string {
  const own = rtnl.dump(address.list({ family: wanted.family }));
  if (own.some((one) => parseIp(one.address).equals(wanted))) return wanted.toString();
  throw notFound(`the host has no address ${wanted}`, wanted.toString());
}

function defaultLink(rtnl: Rtnl): number {
  const found = rtnl
    .dump(route.list({ table: route.mainTable }))
    .find(({ destination, link: by }) => destination === "default" && by !== undefined);
  if (found?.link !== undefined) return found.link;
  throw notFound("the host has no default route", undefined);
}

function linkNamed(rtnl: Rtnl, name: string): number {
  try {
    return rtnl.query(link.getIndex({ name }));
  } catch (error) {
    if (isKernelError(error, "ENODEV")) throw notFound(`the host has no interface ${name}`, name);
    throw error;
  }
}

function notFound(why: string, wish: string | undefined): CausewayError {
  return new CausewayError(
    "not_found",
    "advertise_not_found",
    `options.cluster.advertise: ${why}, by which other hosts could reach it: give one of its addresses, or the name of an interface`,
    { detail: wish },
  );
}
