/**
 * Which addresses another machine can have: IANA's registries of special-purpose addresses (RFC 6890).
 */
import { type IpAddress, tryParseIp } from "./ip.ts";

/** The address, where packets can be sent to a machine of that address, other than this one: no group's, loopback's or nobody's. */
export function tryReachable(text: string | undefined, family?: 4 | 6): IpAddress | undefined {
  const address = text === undefined ? undefined : tryParseIp(text);
  if (address === undefined || (family !== undefined && address.family !== family)) return undefined;
  return isReachable(address) ? address : undefined;
}

function isReachable({ family, value }: IpAddress): boolean {
  if (family === 4) {
    const first = Number(value >> 24n);
    // 224.0.0.0/4 are groups, 240.0.0.0/4 nobody's, and 255.255.255.255 everybody's.
    return first !== 0 && first !== 127 && first < 224;
  }
  const isMappedOrSpecial = value >> 48n === 0n;
  return !isMappedOrSpecial && value >> 120n !== 0xffn;
}

/** fe80::/10: the address says not on which link. */
export function isLinkLocal({ family, value }: IpAddress): boolean {
  return family === 6 && value >> 118n === 0x3fan;
}
