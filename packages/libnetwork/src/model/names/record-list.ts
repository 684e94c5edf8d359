/**
 * The records of a network with others added, and with some taken away.
 */
import type { AddedRecord } from "../../contracts/names.ts";
import { conflict, invalid, notFound } from "../../errors.ts";
import { show } from "../../options/parse.ts";
import { checkedRecords, nameRecord, type RecordSelector } from "./record-options.ts";

/** All of a network's are stored, and told to the resolver, with each change. */
const mostRecords = 1000;

/**
 * The records with others added.
 *
 * @throws record_exists, record_conflicts, too_many_records
 */
export function withRecords(
  there: readonly AddedRecord[],
  added: readonly AddedRecord[],
): readonly AddedRecord[] {
  const all = [...there, ...added];
  if (all.length > mostRecords) {
    const message = `a network has ${mostRecords} records at most, and would have ${all.length}: let a name server have them, and name it as the network's dns`;
    throw invalid("too_many_records", message, { most: mostRecords });
  }
  for (const [name, records] of Map.groupBy(all, (record) => record.name.toLowerCase()))
    refuseContradictions(name, records);
  return all;
}

function refuseContradictions(name: string, records: readonly AddedRecord[]): void {
  const known = new Set<string>();
  for (const { data } of records) {
    const text = JSON.stringify(data).toLowerCase();
    if (known.has(text))
      throw conflict("record_exists", `"${name}" has this ${data.type} record already`, data);
    known.add(text);
  }
  // RFC 1034 section 3.6.2.
  if (records.length > 1 && records.some(({ data }) => data.type === "CNAME")) {
    const message = `"${name}" cannot have a CNAME record and others beside it: take one of them away first`;
    throw conflict("record_conflicts", message, name);
  }
}

/**
 * Those that are left when others are taken away.
 *
 * @throws record_not_found where a selector matches none
 */
export function withoutRecords(
  there: readonly AddedRecord[],
  selectors: readonly RecordSelector[],
  networkName: string,
): readonly AddedRecord[] {
  const going = new Set<AddedRecord>();
  for (const selector of selectors) {
    const matching = there.filter((record) => matches(record, selector));
    if (matching.length === 0) {
      const message = `network "${networkName}" has no record like ${show(selector)}: list its records to see what there is`;
      throw notFound("record_not_found", message, selector);
    }
    for (const record of matching) going.add(record);
  }
  return there.filter((record) => !going.has(record));
}

function matches(record: AddedRecord, selector: RecordSelector): boolean {
  const fields: Readonly<Record<string, unknown>> = nameRecord(record);
  return Object.entries(selector).every(([key, wanted]) => {
    const is = fields[key];
    return typeof is === "string" && typeof wanted === "string"
      ? is.toLowerCase() === wanted.toLowerCase()
      : JSON.stringify(is) === JSON.stringify(wanted);
  });
}

/** Of what others have stored, what could have been added by a user: the rest nobody could be answered with. */
export function readableRecords(stored: readonly AddedRecord[]): readonly AddedRecord[] {
  return stored.slice(0, mostRecords).flatMap(({ name, ttl, data }) => {
    try {
      return checkedRecords([{ name, ttl, ...data }]);
    } catch {
      return [];
    }
  });
}
