/**
 * Hardware and internet addresses as an attribute's payload, and as text outside: RFC 4291 and RFC 5952 for IPv6.
 */

import { isIPv4, isIPv6 } from "node:net";
import { DecodeError } from "./bytes.ts";
import type { Codec } from "./codec.ts";

/** 4 bytes for `192.0.2.1`, 16 for `2001:db8::1`; a zone (`%eth0`) is refused. Throws TypeError on anything else. */
export function ipToBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  if (isIPv6(address) && !address.includes("%")) return ipv6ToBytes(address);
  throw new TypeError(`"${address}" is not an IP address`);
}

function ipv6ToBytes(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const [head = "", tail] = address.split("::");
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  bytes.set(front, 0);
  bytes.set(back, 16 - back.length);
  return bytes;
}

/** The bytes of colon-separated groups, the last of which may be dotted. */
function groups(part: string): number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** Canonical text of 4 or 16 bytes. */
export function bytesToIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length === 16) return ipv6Text(bytes);
  throw new DecodeError(`an address of ${bytes.length} bytes`);
}

function ipv6Text(bytes: Uint8Array): string {
  const words: number[] = [];
  for (let at = 0; at < 16; at += 2) words.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  const gap = longestZeroRun(words);
  const hex = (part: readonly number[]) => part.map((word) => word.toString(16)).join(":");
  // ::ffff:192.0.2.1, RFC 5952 section 5
  if (gap.start === 0 && gap.length === 5 && words[5] === 0xffff)
    return `::ffff:${bytes.subarray(12).join(".")}`;
  if (gap.length < 2) return hex(words);
  return `${hex(words.slice(0, gap.start))}::${hex(words.slice(gap.start + gap.length))}`;
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (words[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
    start = Math.max(start, end - 1);
  }
  return best;
}

/** `02:42:ac:11:00:02` from any number of bytes. */
export function bytesToMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Six bytes from `02:42:ac:11:00:02`; throws TypeError on anything else. */
export function macToBytes(address: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(address))
    throw new TypeError(`"${address}" is not a MAC address`);
  return Uint8Array.from(address.split(":"), (part) => Number.parseInt(part, 16));
}

/** An internet address of either family. */
export const ip: Codec<string> = {
  write: (to, value) => to.raw(ipToBytes(value)),
  read: (from) => bytesToIp(from.raw()),
};

/** A hardware address. Reading takes any length: an Infiniband or tunnel address is not six bytes long. */
export const mac: Codec<string> = {
  write: (to, value) => to.raw(macToBytes(value)),
  read: (from) => bytesToMac(from.raw()),
};
