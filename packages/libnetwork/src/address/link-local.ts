/**
 * The IPv6 link-local address that a MAC stands for: RFC 4291, appendix A (modified EUI-64), RFC 4862, section 5.3.
 */
import { ipFromBytes } from "./ip.ts";
import { parseMac } from "./mac.ts";

/** `fe80::42:acff:fe11:2` for `02:42:ac:11:00:02`. */
export function linkLocalAddress(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = parseMac(mac);
  return ipFromBytes(
    Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f),
  ).toString();
}
