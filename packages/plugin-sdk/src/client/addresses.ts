/**
 * Addresses and interface names in answers, as far as their form goes.
 */
import { isIP, isIPv4, isIPv6 } from "node:net";

export type Family = 4 | 6;

/** `10.50.0.2/24`: an address with a prefix length. */
export function isCidr(text: string, family?: Family): boolean {
  const [, address = "", length = ""] = text.match(/^([^/]+)\/(0|[1-9]\d{0,2})$/) ?? [];
  if (!isAddress(address, family)) return false;
  return Number(length) <= (isIPv4(address) ? 32 : 128);
}

/** Without a zone (`fe80::1%eth0`), which is a name of this machine's. */
export function isAddress(text: string, family?: Family): boolean {
  if (text.includes("%")) return false;
  if (family === undefined) return isIP(text) !== 0;
  return family === 4 ? isIPv4(text) : isIPv6(text);
}

/** An Ethernet address that an interface can have: no group's, and not the empty one. */
export function isUnicastMac(text: string): boolean {
  return isMac(text) && /^.[02468ace]/i.test(text) && /[1-9a-f]/i.test(text);
}

/**
 * A name that the kernel gives an interface as it stands: net/core/dev.c, dev_valid_name(); it makes a number of `%d`.
 *
 * @param longest bytes. Default: IFNAMSIZ without its NUL
 */
export function isInterfaceName(text: string, longest = 15): boolean {
  if (text === "" || text === "." || text === ".." || Buffer.byteLength(text) > longest) return false;
  return !/[/:%\s\p{Cc}]/u.test(text);
}

/** An Ethernet address: six bytes, in hexadecimal digits with colons or dashes. */
export function isMac(text: string): boolean {
  return /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i.test(text);
}
