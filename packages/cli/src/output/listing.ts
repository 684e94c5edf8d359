/**
 * A list of things, shown as the options ask: a table, ids, JSON, or a template for each.
 */
import type { Command } from "commander";
import { usageError } from "../errors.ts";
import type { Output } from "./output.ts";
import { table } from "./table.ts";

/** What lists take. */
export interface ListOptions {
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly format?: string;
  /** False by `--no-trunc`. */
  readonly trunc?: boolean;
}

/** One thing that can be shown of an item. */
export interface Field<T> {
  /** In a table's first line. */
  readonly title: string;
  /** Whole texts where `whole` is set, short ids otherwise. */
  readonly text: (item: T, whole: boolean) => string;
}

export interface Listing<T> {
  /** By their names in templates. */
  readonly fields: Readonly<Record<string, Field<T>>>;
  /** Names of those that the table shows, in their order. */
  readonly columns: readonly string[];
  /** What `--quiet` prints. */
  readonly id: (item: T, whole: boolean) => string;
}

export function addListOptions(command: Command): Command {
  return command
    .option("-q, --quiet", "ids alone")
    .option("--json", "everything that the daemon tells, as a JSON array")
    .option("--format <template>", "json, table, or a Go template: '{{.Name}}: {{.ID}}'")
    .option("--no-trunc", "ids whole");
}

export function showList<T>(
  output: Output,
  items: readonly T[],
  listing: Listing<T>,
  options: ListOptions,
): void {
  const whole = options.trunc === false;
  const { quiet, json, format } = options;
  if (json === true && format !== undefined) throw usageError("--json and --format exclude each other");
  if (json === true) output.write(`${JSON.stringify(items, undefined, 2)}\n`);
  else if (quiet === true) for (const item of items) output.write(`${listing.id(item, whole)}\n`);
  else output.write(plainTable(items, listing, whole, output));
}

function plainTable<T>(items: readonly T[], listing: Listing<T>, whole: boolean, output: Output): string {
  const columns = listing.columns.map((name) => listing.fields[name]).filter((field) => field !== undefined);
  const rows = items.map((item) => columns.map(({ text }) => text(item, whole)));
  return table([columns.map(({ title }) => title), ...rows], { width: output.width });
}

/** As Docker shows ids. */
export function shortId(id: string, whole: boolean): string {
  return whole ? id : id.slice(0, 12);
}
