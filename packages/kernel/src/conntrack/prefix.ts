/**
 * Subnets as bytes: the beginning that their addresses share. Messages are compared with it as they are.
 */
import { ipToBytes } from "../codec/inet.ts";
import { parsePrefix } from "../netlink/family.ts";

interface PrefixBytes {
  /** An address; only its first `length` bits count. */
  readonly bytes: Buffer;
  readonly length: number;
}

/** Of `192.0.2.0/24`, with or without host bits, or of an address alone. Throws TypeError for anything else. */
export function prefixBytes(text: string): PrefixBytes {
  const { address, length } = parsePrefix(text);
  const bytes = Buffer.from(ipToBytes(address));
  const all = bytes.length * 8;
  if (!/^[^/]+(\/\d{1,3})?$/.test(text) || length > all) {
    throw new TypeError(`"${text}" is not a subnet: its prefix length must be a number from 0 to ${all}`);
  }
  return { bytes, length };
}

/** Whether an address in a filter stands for others too. */
export const isSubnet = (text: string | undefined): boolean => text?.includes("/") === true;

/**
 * What all addresses of one subnet have in common, and no other address: equal texts for equal beginnings of `length`
 * bits. The address stands in `from` at `start` to `end`.
 */
export function beginning(from: Buffer, start: number, end: number, length: number): string {
  const whole = start + (length >> 3);
  const rest = length & 7;
  // How long the address is, too: an IPv6 address may begin with the bytes of an IPv4 one.
  const text = String.fromCharCode(end - start) + from.toString("latin1", start, Math.min(whole, end));
  return rest === 0 || whole >= end ? text : text + String.fromCharCode((from[whole] ?? 0) >> (8 - rest));
}
