/**
 * A list of things, shown as the options ask: a table, ids, JSON, or a template for each.
 */

import { type Command, Option } from "commander";
import { jsonLines } from "./json.ts";
import type { Output } from "./output.ts";
import { printable } from "./printable.ts";
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
  /** Those of them that a table does without where all rows have nothing there. Default: none. */
  readonly spare?: readonly string[];
  /** What `--quiet` prints. */
  readonly id: (item: T, whole: boolean) => string;
  /** What `{{.Label "x"}}` looks into. */
  readonly labels?: (item: T) => Readonly<Record<string, string>>;
}

/** @param alone what `--quiet` prints */
export function addListOptions(command: Command, alone = "ids alone"): Command {
  return command
    .option("-q, --quiet", alone)
    .addOption(
      new Option("--json", "everything that the daemon tells, as a JSON array").conflicts([
        "quiet",
        "format",
      ]),
    )
    .addOption(
      new Option("--format <template>", "json, table, or a Go template: '{{.Name}}: {{.ID}}'").conflicts(
        "quiet",
      ),
    )
    .option("--no-trunc", "ids whole");
}

export async function showList<T>(
  output: Output,
  items: readonly T[],
  listing: Listing<T>,
  options: ListOptions,
): Promise<void> {
  const whole = options.trunc === false;
  const { quiet, json, format } = options;
  if (json === true) output.write(jsonLines(items));
  else if (quiet === true) for (const item of items) output.write(`${listing.id(item, whole)}\n`);
  else if (format === undefined || format === "table")
    output.write(plainTable(items, listing, whole, output));
  else output.write(await formatted(items, listing, whole, format, output));
}

function plainTable<T>(items: readonly T[], listing: Listing<T>, whole: boolean, output: Output): string {
  const { fields, spare = [] } = listing;
  const columns = listing.columns
    .flatMap((name) => {
      const field = fields[name];
      if (field === undefined) return [];
      return [{ name, title: field.title, texts: items.map((item) => printable(field.text(item, whole))) }];
    })
    .filter(({ name, texts }) => !spare.includes(name) || texts.some((text) => text !== ""));
  const rows = items.map((_, at) => columns.map(({ texts }) => texts[at] ?? ""));
  return table([columns.map(({ title }) => title), ...rows], { width: output.width });
}

async function formatted<T>(
  items: readonly T[],
  listing: Listing<T>,
  whole: boolean,
  format: string,
  { width }: Output,
): Promise<string> {
  // Most calls need no template, and their start is what is measured.
  const { compileTemplate, jsonText } = await import("./template/template.ts");
  const rows = items.map((item) => rowOf(item, listing, whole));
  if (format === "json") return rows.map((row) => `${jsonText(row)}\n`).join("");
  const asTable = /^table\s/.test(format);
  const show = compileTemplate(unescaped(asTable ? format.replace(/^table\s+/, "") : format));
  if (!asTable) return rows.map((row) => `${show(row)}\n`).join("");
  const titles = titleRow(listing);
  return table(
    [titles, ...rows].map((row) => show(row).split("\t")),
    { width },
  );
}

/** Shells hand `\t` on as it is typed, and Docker's users type it. */
function unescaped(format: string): string {
  return format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}

function rowOf<T>(
  item: T,
  { fields, labels }: Listing<T>,
  whole: boolean,
): Readonly<Record<string, unknown>> {
  const texts = Object.entries(fields).map(([name, { text }]) => [name, text(item, whole)]);
  const Label = (name: unknown) => labels?.(item)[String(name)] ?? "";
  return { ...Object.fromEntries(texts), ...(labels !== undefined && { Label }) };
}

function titleRow<T>({ fields, labels }: Listing<T>): Readonly<Record<string, unknown>> {
  const titles = Object.entries(fields).map(([name, { title }]) => [name, title]);
  return {
    ...Object.fromEntries(titles),
    ...(labels !== undefined && { Label: (name: unknown) => String(name) }),
  };
}

/** As Docker shows ids. */
export function shortId(id: string, whole: boolean): string {
  return whole ? id : id.slice(0, 12);
}

/** As Docker shows labels. */
export function pairsText(pairs: Readonly<Record<string, unknown>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
