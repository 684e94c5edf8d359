/**
 * IPv4 and IPv6 addresses: strict parsing, canonical text (RFC 4291 and RFC 5952), bytes in network order.
 */
import { invalid } from "../errors.ts";

export type Family = 4 | 6;

/** The family of an address or subnet that is known to be one. */
export function familyOf(text: string): Family {
  return text.includes(":") ? 6 : 4;
}

/** True for `0.0.0.0` and `::`, RFC 4291 section 2.5.2: where something is bound or published, every address of the family. */
export function isUnspecified(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** How many bits an address of this family has. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** An immutable address: a family and a number. Compare with {@link IpAddress.equals}, never with `===`. */
export class IpAddress {
  readonly family: Family;
  /** The address as a number, most significant byte first. */
  readonly value: bigint;

  /** @throws invalid_address when `value` is negative or has more bits than the family. */
  constructor(family: Family, value: bigint) {
    if (value < 0n || value >> BigInt(addressBits(family)) !== 0n) {
      throw invalid("invalid_address", `${value} is outside the range of IPv${family} addresses`, value);
    }
    this.family = family;
    this.value = value;
  }

  equals(other: IpAddress): boolean {
    return this.family === other.family && this.value === other.value;
  }

  /** The address `distance` further on; negative goes back. */
  plus(distance: bigint): IpAddress {
    return new IpAddress(this.family, this.value + distance);
  }

  /** 4 or 16 bytes in network order: what netlink and the sockets want. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(addressBits(this.family) / 8);
    const view = new DataView(bytes.buffer);
    if (this.family === 4) {
      view.setUint32(0, Number(this.value));
    } else {
      view.setBigUint64(0, this.value >> 64n);
      view.setBigUint64(8, this.value); // DataView keeps the low 64 bits.
    }
    return bytes;
  }

  /** Canonical text: `172.30.0.2`, `fd00::2`, `::ffff:172.30.0.2`. */
  toString(): string {
    return this.family === 4 ? ipv4Text(Number(this.value)) : ipv6Text(this.value);
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * Reads an address in any form of RFC 4291, section 2.2, or in dotted decimal without leading zeros. Zone ids, prefix
 * lengths and white space are refused.
 *
 * @param family where given, an address of the other family is refused.
 * @throws invalid_address
 */
export function parseIp(text: string, family?: Family): IpAddress {
  const address = tryParseIp(text);
  if (address === undefined) {
    throw invalid(
      "invalid_address",
      `${JSON.stringify(text)} is not an IP address: write it like 172.30.0.2 or fd00::2, without prefix length or zone`,
      text,
    );
  }
  if (family !== undefined && address.family !== family) {
    throw invalid(
      "invalid_address",
      `${text} is an IPv${address.family} address: give an IPv${family} address`,
      text,
    );
  }
  return address;
}

/** Like {@link parseIp}, but undefined for what is not an address. */
export function tryParseIp(text: string): IpAddress | undefined {
  const ipv4 = ipv4Value(text);
  if (ipv4 !== undefined) return new IpAddress(4, BigInt(ipv4));
  const ipv6 = ipv6Value(text);
  return ipv6 === undefined ? undefined : new IpAddress(6, ipv6);
}

/**
 * The inverse of {@link IpAddress.bytes}.
 *
 * @throws invalid_address when there are not 4 or 16 bytes.
 */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return new IpAddress(4, BigInt(view.getUint32(0)));
  if (bytes.length === 16) return new IpAddress(6, (view.getBigUint64(0) << 64n) | view.getBigUint64(8));
  throw invalid("invalid_address", `an IP address has 4 or 16 bytes, not ${bytes.length}`, bytes.length);
}

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const dottedDecimal = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`);

function ipv4Value(text: string): number | undefined {
  const octets = dottedDecimal.exec(text)?.slice(1);
  return octets?.reduce((value, digits) => value * 256 + Number(digits), 0);
}

function ipv4Text(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

function ipv6Value(text: string): bigint | undefined {
  const hexText = withoutDottedTail(text);
  if (hexText === undefined) return undefined;
  const [head, tail, ...more] = hexText.split("::").map(hexGroups);
  if (head === undefined || more.length > 0) return undefined;
  if (tail === undefined) return head.length === 8 && !hexText.includes("::") ? joinGroups(head) : undefined;
  const zeros = 8 - head.length - tail.length;
  if (zeros < 1) return undefined;
  return joinGroups([...head, ...new Array<string>(zeros).fill("0"), ...tail]);
}

/** Turns a dotted IPv4 address at the end (`::ffff:1.2.3.4`) into two hexadecimal groups. */
function withoutDottedTail(text: string): string | undefined {
  if (!text.includes(".")) return text;
  const tailAt = text.lastIndexOf(":") + 1;
  const value = ipv4Value(text.slice(tailAt));
  if (value === undefined) return undefined;
  return `${text.slice(0, tailAt)}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

function hexGroups(text: string): readonly string[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? groups : undefined;
}

function joinGroups(groups: readonly string[]): bigint {
  return BigInt(`0x${groups.map((group) => group.padStart(4, "0")).join("")}`);
}

function ipv6Text(value: bigint): string {
  // RFC 5952, section 5: IPv4-mapped addresses keep the dotted tail.
  if (value >> 32n === 0xffffn) return `::ffff:${ipv4Text(Number(value & 0xffffffffn))}`;
  const hex = value.toString(16).padStart(32, "0");
  const groups = Array.from({ length: 8 }, (_, i) =>
    Number.parseInt(hex.slice(i * 4, i * 4 + 4), 16).toString(16),
  );
  const zeros = longestZeroRun(groups);
  if (zeros.length < 2) return groups.join(":");
  return `${groups.slice(0, zeros.start).join(":")}::${groups.slice(zeros.start + zeros.length).join(":")}`;
}

/** RFC 5952, section 4.2.3: the longest run is shortened, the first one of several. */
function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== "0") start = i + 1;
    else if (i + 1 - start > longest.length) longest = { start, length: i + 1 - start };
  }
  return longest;
}
