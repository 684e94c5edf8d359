/**
 * Addresses in answers, as far as their form goes.
 */
import { isIP, isIPv4, isIPv6 } from "node:net";

export type Family = 4 | 6;

/** `10.50.0.2/24`: an address with a prefix length. */
export function isCidr(text: string, family?: Family): boolean {
  const [, address = "", length = ""] = text.match(/^([^/]+)\/(\d{1,3})$/) ?? [];
  if (!isAddress(address, family)) return false;
  return Number(length) <= (isIPv4(address) ? 32 : 128);
}

export function isAddress(text: string, family?: Family): boolean {
  if (family === undefined) return isIP(text) !== 0;
  return family === 4 ? isIPv4(text) : isIPv6(text);
}

/** An Ethernet address: six bytes, in hexadecimal digits with colons or dashes. */
export function isMac(text: string): boolean {
  return /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i.test(text);
}
