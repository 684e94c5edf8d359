// The file of addresses. A line is a pool: its subnet, its gateway, and the addresses that may be given, each alone or as FIRST-LAST.
//
//   # office
//   10.77.0.0/24   10.77.0.1   10.77.0.10-10.77.0.40 10.77.0.99
//   fd77::/64      fd77::1     fd77::10-fd77::ff

import { readFileSync } from "node:fs";
import { contains, formatAddress, parseAddress, parseSubnet, type Subnet } from "./addresses.ts";

export interface FilePool {
  /** As it stands in the file. */
  readonly pool: string;
  readonly subnet: Subnet;
  readonly gateway: string;
  /** In the file's order. */
  readonly addresses: readonly string[];
}

/** So many addresses of a range are looked at. */
const longestRange = 65_536n;

/** @throws Error with the line's number */
export function readAddressFile(path: string): readonly FilePool[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line, index) => {
      const words = line.replace(/#.*/, "").trim().split(/\s+/);
      if (words[0] === "") return [];
      try {
        return [readPool(words)];
      } catch (error) {
        throw new Error(`${path}:${index + 1}: ${error instanceof Error ? error.message : error}`);
      }
    });
}

function readPool([pool = "", gateway = "", ...items]: readonly string[]): FilePool {
  const subnet = parseSubnet(pool);
  const addresses = items.flatMap(readItem);
  const stray = [gateway, ...addresses].find((address) => !contains(subnet, parseAddress(address)));
  if (stray !== undefined) throw new Error(`${stray} is not in ${pool}`);
  return { pool, subnet, gateway: formatAddress(parseAddress(gateway)), addresses };
}

function readItem(item: string): string[] {
  const [first = "", last = first] = item.split("-");
  const { family, value } = parseAddress(first);
  const end = parseAddress(last);
  const count = end.value - value + 1n;
  if (end.family !== family || count < 1n || count > longestRange)
    throw new Error(`"${item}" is no range of 1 to ${longestRange} addresses`);
  return Array.from({ length: Number(count) }, (_, index) =>
    formatAddress({ family, value: value + BigInt(index) }),
  );
}
