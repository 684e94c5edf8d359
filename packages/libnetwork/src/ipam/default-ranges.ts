/**
 * Where automatic pools come from when the configuration does not say: per address space, ranges in the order in which
 * they are used up.
 */
import { createHash } from "node:crypto";
import { Cidr, parseSubnet } from "../address/cidr.ts";
import { addressBits, type Family, ipFromBytes } from "../address/ip.ts";
import { invalid } from "../errors.ts";

/** A range of the configuration, cut into pools of one size. */
export interface PoolRange {
  /** A subnet: `10.200.0.0/16`, `fd12:3456:789a::/48`. */
  readonly base: string;
  /** The prefix length of the pools that are cut from it: 24, 64. */
  readonly size: number;
}

/** A {@link PoolRange} that has been checked. */
export interface CheckedRange {
  readonly base: Cidr;
  readonly size: number;
}

/** The longest prefix with two usable addresses: point-to-point links (RFC 3021, RFC 6164). */
export function longestPoolPrefix(family: Family): number {
  return addressBits(family) - 1;
}

/**
 * The local default: 4,127 networks, and 61,440 more in the last range. Docker's own come first, so that nobody is
 * surprised; then 10.112.0.0/12, which lies between Kubernetes' services (10.96.0.0/12) and Google's automatic subnets
 * (10.128.0.0/9) and far from the low numbers that offices, VPNs and other clouds like; the rest of 10.0.0.0/8 only
 * when even that is full.
 */
const localIpv4: readonly PoolRange[] = [
  { base: "172.17.0.0/16", size: 16 },
  { base: "172.18.0.0/15", size: 16 },
  { base: "172.20.0.0/14", size: 16 },
  { base: "172.24.0.0/13", size: 16 },
  { base: "192.168.0.0/16", size: 20 },
  { base: "10.112.0.0/12", size: 24 },
  { base: "10.0.0.0/8", size: 24 },
];

/** What swarms use: networks that several hosts share. */
const globalIpv4: readonly PoolRange[] = [{ base: "10.0.0.0/8", size: 24 }];

/**
 * The ranges of an address space. Where the configuration names ranges of one family only, the other keeps its defaults.
 *
 * @param seed stable and different on every host: the IPv6 range is derived from it and the space's name.
 * @throws invalid_default_pool
 */
export function poolRanges(
  space: "local" | "global",
  family: Family,
  configured: readonly PoolRange[],
  seed: string,
): readonly CheckedRange[] {
  const ranges = configured.map(checkedRange).filter((range) => range.base.family === family);
  if (ranges.length > 0) return ranges;
  if (family === 6) return [{ base: uniqueLocalPrefix(`${seed}/${space}`), size: 64 }];
  return (space === "local" ? localIpv4 : globalIpv4).map(checkedRange);
}

function checkedRange(range: PoolRange): CheckedRange {
  const base = parseSubnet(range.base);
  const longest = longestPoolPrefix(base.family);
  if (!Number.isInteger(range.size) || range.size < base.prefixLength || range.size > longest) {
    throw invalid(
      "invalid_default_pool",
      `pools of size /${range.size} cannot be cut from ${base}: give a size from ${base.prefixLength} to ${longest}`,
      range,
    );
  }
  return { base, size: range.size };
}

/** A /48 of fd00::/8 whose 40 bits of global id are drawn from the seed, in the manner of RFC 4193, section 3.2.2. */
function uniqueLocalPrefix(seed: string): Cidr {
  const bytes = new Uint8Array(16);
  bytes[0] = 0xfd;
  bytes.set(createHash("sha256").update(seed).digest().subarray(-5), 1);
  return new Cidr(ipFromBytes(bytes), 48);
}
