/**
 * DNS records as they are typed and shown: as in a zone file, RFC 1035 section 5.1.
 */
import type { NameRecord, NameRecordCreate, NameRecordSelector } from "@causeway/daemon/api";
import { usageError } from "../../errors.ts";
import { suggestionOrAll } from "../../output/nearest.ts";

export type RecordType = NameRecord["type"];
type RecordData = Omit<NameRecordCreate, "name" | "ttl">;

export const recordTypes = ["A", "AAAA", "CNAME", "TXT", "SRV"] as const;

export const valueHelp =
  "an address; for CNAME a name; for TXT its texts; for SRV [PRIORITY WEIGHT] PORT NAME, as in 0 5 8080 web";

/** @throws usage error */
export function recordTypeOf(text: string): RecordType {
  const found = recordTypes.find((type) => type === text.toUpperCase());
  if (found !== undefined) return found;
  throw usageError(
    `"${text}" is no type of a record that can be added${suggestionOrAll(text.toUpperCase(), recordTypes)}`,
  );
}

/**
 * Several addresses are several records, several texts one.
 *
 * @throws usage error
 */
export function recordsData(type: RecordType, values: readonly string[]): readonly RecordData[] {
  switch (type) {
    case "A":
    case "AAAA":
      return values.map((address) => ({ type, address }));
    case "CNAME":
      return values.map((target) => ({ type, target }));
    case "TXT":
      return values.length === 0 ? [] : [{ type, texts: [...values] }];
    case "SRV":
      return values.length === 0 ? [] : [{ type, ...serviceOf(values) }];
  }
}

function serviceOf(values: readonly string[]): Omit<RecordData, "type"> {
  const words = values.join(" ").split(/\s+/);
  const target = words.at(-1) ?? "";
  const numbers = words.slice(0, -1);
  const [port = 0, weight, priority] = numbers.map(Number).reverse();
  if (![1, 3].includes(numbers.length) || !numbers.every((number) => /^\d{1,5}$/.test(number)))
    throw usageError(
      `"${values.join(" ")}" is no service: write [PRIORITY WEIGHT] PORT NAME, as 0 5 8080 web`,
    );
  return {
    port,
    target,
    ...(priority !== undefined && weight !== undefined && { priority, weight }),
  };
}

/** What is to be taken away: all of a name, all of a type, or these. */
export function recordSelectors(
  name: string,
  type: RecordType | undefined,
  values: readonly string[],
): readonly NameRecordSelector[] {
  if (type === undefined) return [{ name }];
  const wanted = recordsData(type, values);
  return wanted.length === 0 ? [{ name, type }] : wanted.map((data) => ({ name, ...data }));
}

/** What stands behind the type: `10.0.0.2`, `0 5 8080 web`, `"hello" "you"`. */
export function valueText({ type, address, target, texts, priority, weight, port }: NameRecord): string {
  if (type === "TXT") return (texts ?? []).map((text) => JSON.stringify(text)).join(" ");
  if (type === "SRV") return `${priority} ${weight} ${port} ${target}`;
  return address ?? target ?? "";
}

/** Of one name, a line each. */
export function recordLines(records: readonly NameRecord[], name: string): readonly string[] {
  return records
    .filter((record) => record.name.toLowerCase() === name.toLowerCase())
    .map((record) => `${record.name} ${record.ttl} ${record.type} ${valueText(record)}`);
}
