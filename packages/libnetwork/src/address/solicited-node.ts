/**
 * The multicast group in which an IPv6 address is asked for: RFC 4291, section 2.7.1.
 */
import { ipFromBytes, parseIp } from "./ip.ts";

/** `ff02::1:ff11:2` for `fd00::aa11:2`: the last 24 bits of the address. */
export function solicitedNodeGroup(address: string): string {
  const [d = 0, e = 0, f = 0] = parseIp(address, 6).bytes().subarray(13);
  return ipFromBytes(Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, d, e, f)).toString();
}
