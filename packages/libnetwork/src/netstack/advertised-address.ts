/**
 * The address by which other hosts reach this one.
 */
import { address, isKernelError, link, type Rtnl, route } from "@causeway/kernel";
import { type IpAddress, parseIp, tryParseIp } from "../address/ip.ts";
import { CausewayError } from "../errors.ts";

/**
 * @param wish an address that the host has, or the name of an interface, whose first address is taken; default: the interface of the
 * default route. Addresses that mean each host itself, or hold on one link only, are none: 127.0.0.0/8, ::1, fe80::/10
 * @throws advertise_not_found
 */
export function advertisedAddress(rtnl: Rtnl, wish: string | undefined): string {
  const wanted = wish === undefined ? undefined : tryParseIp(wish);
  if (wanted !== undefined) return ownAddress(rtnl, wanted);
  const index = wish === undefined ? defaultLink(rtnl) : linkNamed(rtnl, wish);
  const [first] = ([4, 6] as const)
    .flatMap((family) => rtnl.dump(address.list({ family })))
    .filter((one) => one.link === index && !staysHere(one.address));
  if (first !== undefined) return parseIp(first.address).toString();
  throw notFound(`${wish === undefined ? "the interface of the default route" : wish} has no address`, wish);
}

/** Who sends to it reaches himself, or whoever has it on the same link. */
function staysHere(text: string): boolean {
  return /^(127\.|::1$|fe[89ab][0-9a-f]:)/.test(text);
}

function ownAddress(rtnl: Rtnl, wanted: IpAddress): string {
  if (staysHere(wanted.toString()))
    throw notFound(`${wanted} is an address of no one host`, wanted.toString());
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
