/**
 * Elements as lines of text, in one form for those that are wanted and those that the kernel lists: what is on one side
 * alone has gone missing, or is too much. Pure.
 */
import type { ListedElement } from "@causeway/kernel";
import { parseCidr } from "../address/cidr.ts";
import { addressBits, type IpAddress, isUnspecified } from "../address/ip.ts";
import type { FirewallElement } from "./sets.ts";

/** One line; of an interval in a set of intervals of one part two, for the kernel has its ends as two elements. */
export function wantedLines({ set, key, data }: FirewallElement): readonly string[] {
  if (set.interval === undefined) return [line(key, undefined, data)];
  const { first, last } = parseCidr(key.at(-1) ?? "");
  const before = key.slice(0, -1);
  const start = [...before, first.toString()];
  if (before.length > 0) return [line(start, [...before, last.toString()], data)];
  const begins = line(start, undefined, data);
  return isHighest(last) ? [begins] : [begins, endLine(last.plus(1n).toString())];
}

export function listedLine({ key, lastKey, endsInterval, data }: ListedElement): string | undefined {
  if (!endsInterval) return line(key, lastKey, data);
  const [end = ""] = key;
  // What is before the first interval ends at the first address of all.
  return isUnspecified(end) ? undefined : endLine(end);
}

const isHighest = ({ family, value }: IpAddress) => value + 1n === 1n << BigInt(addressBits(family));

const endLine = (key: string) => `until ${key}`;

function line(
  key: readonly string[],
  last: readonly string[] | undefined,
  data: readonly string[] | undefined,
): string {
  const range = last === undefined ? "" : ` to ${last.join(" . ")}`;
  return `${key.join(" . ")}${range}${data === undefined ? "" : ` : ${data.join(" . ")}`}`;
}
