// Addresses of both families as numbers, which is how ranges are counted.

import { isIPv4, isIPv6 } from "node:net";

export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** @throws Error for what is no address */
export function parseAddress(text: string): Address {
  if (isIPv4(text)) return { family: 4, value: fold(text.split(".").map(Number), 8n) };
  if (!isIPv6(text) || text.includes("%")) throw new Error(`"${text}" is no address`);
  // The URL parser writes an IPv4 tail as groups, too.
  const { hostname } = new URL(`http://[${text}]`);
  const [head = "", tail] = hostname.slice(1, -1).split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = Array<number>(8 - left.length - right.length).fill(0);
  return { family: 6, value: fold([...left, ...zeros, ...right], 16n) };
}

/** In the form that Docker writes. */
export function formatAddress({ family, value }: Address): string {
  const [count, bits] = family === 4 ? [4, 8n] : [8, 16n];
  const parts = Array.from({ length: count }, (_, index) =>
    Number((value >> (bits * BigInt(count - 1 - index))) & ((1n << bits) - 1n)),
  );
  if (family === 4) return parts.join(".");
  const text = parts.map((part) => part.toString(16)).join(":");
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

export interface Subnet extends Address {
  readonly length: number;
}

/** @throws Error for what is no CIDR */
export function parseSubnet(text: string): Subnet {
  const [, address = "", digits = ""] = text.match(/^([^/]+)\/(\d{1,3})$/) ?? [];
  const length = Number(digits);
  if (address === "" || length > bitsOf(parseAddress(address))) throw new Error(`"${text}" is no subnet`);
  return { ...parseAddress(address), length };
}

export function contains(subnet: Subnet, address: Address): boolean {
  const host = BigInt(bitsOf(subnet) - subnet.length);
  return subnet.family === address.family && subnet.value >> host === address.value >> host;
}

function bitsOf({ family }: Address): number {
  return family === 4 ? 32 : 128;
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function fold(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);
}
